"""Executor profiles as people handle them: set, removed and checked, each change with an audit event."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from drain.engine.errors import EngineError, bounded, given_reason
from drain.engine.process.environment import base_environment, header_values
from drain.engine.process.errors import ChildError
from drain.engine.process.health import is_address
from drain.engine.process.template import inspect
from drain.engine.workers.identity import examine
from drain.models import ExecutorProfile
from drain.models.audit import Person, Subject, record_audit
from drain.policy.pace import executor_problem
from drain.policy.remote import Kind, remote_of
from drain.policy.secrets import HIDDEN
from drain.policy.words import counted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._: -]{0,99}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESSES = ("kind", "url", "poll_url", "cancel_url", "log_url", "headers_from")
_LOCAL_ONLY = {
    "cwd": "--cwd",
    "service": "--service",
    "service_url": "--service-url",
    "os_user": "--os-user",
}


@dataclass(frozen=True, slots=True)
class ProfileInput:
    """A profile as a person gives it; it replaces the profile of that name as a whole."""

    name: str
    argv: tuple[str, ...]
    cwd: str = ""
    timeout_seconds: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    env_from: tuple[str, ...] = ()
    preflight: str = ""
    service: str = ""
    service_url: str = ""
    allow_dash: bool = False
    allow_program_text: bool = False
    os_user: str = ""
    max_parallel: int | None = None
    starts_per_minute: int | None = None
    ramp: float | None = None
    run_delay_seconds: float | None = None
    is_default: bool = False
    kind: str = Kind.LOCAL.value
    url: str = ""
    poll_url: str = ""
    cancel_url: str = ""
    log_url: str = ""
    headers_from: Mapping[str, str] = field(default_factory=dict)
    """Header → the variable of the worker that has its value."""


def set_profile(
    given: ProfileInput, by: Person, reason: str = ""
) -> tuple[ExecutorProfile, list[str]]:
    """Make or replace a profile. Returns it, and why this host could not run it, as warnings.

    Raises EngineError for what no host could run, and for a change of what is there without a reason.
    A default stays one until another takes its place.
    """
    validate(given)
    values = _columns(given)
    with transaction.atomic():
        existing = ExecutorProfile.objects.select_for_update().filter(name=given.name).first()
        default = given.is_default or (existing is not None and existing.is_default)
        stored = {**values, "is_default": default}
        if existing is not None and any(getattr(existing, key) != stored[key] for key in stored):
            reason = given_reason(reason)
        if existing is not None and existing.ramp != given.ramp:
            stored |= {"ramp_size": 1, "ramp_ended": 0, "ramp_failed": 0}
        if default:
            ExecutorProfile.objects.exclude(name=given.name).filter(is_default=True).update(
                is_default=False
            )
        profile, _ = ExecutorProfile.objects.update_or_create(
            name=given.name,
            defaults=stored,
            create_defaults={**stored, "created_by": by.name},
        )
        audit_profile("executor.set", profile, by, reason, old=described(existing))
    return profile, check_profile(profile)


def change_profile(
    name: str, changes: Mapping[str, Any], by: Person, reason: str = ""
) -> tuple[ExecutorProfile, list[str]]:
    """Change of a profile only what `changes` names (fields of ProfileInput); the rest stays as it is.

    Variables are added to those it has. Returns and raises as `set_profile`.
    """
    if not changes:
        raise EngineError(
            f"Nothing to change of executor {name}: name an option, or its command after --."
        )
    with transaction.atomic():
        profile = ExecutorProfile.objects.select_for_update().filter(name=name).first()
        if profile is None:
            raise EngineError(
                f"There is no executor {name[:60]!r} to change: a new one needs its command after --."
            )
        stored = {item.name: getattr(profile, item.name) for item in fields(ProfileInput)}
        merged = {**stored, **changes, "argv": tuple(profile.argv)}
        merged["env"] = {**profile.env, **changes.get("env", {})}
        merged["env_from"] = tuple(dict.fromkeys((*profile.env_from, *changes.get("env_from", ()))))
        return set_profile(ProfileInput(**merged), by, reason)


def remove_profile(name: str, by: Person, reason: str) -> None:
    """Remove a profile that no run names any more. Raises EngineError."""
    reason = given_reason(reason)
    with transaction.atomic():
        profile = find_profile(name)
        audit_profile("executor.remove", profile, by, reason, old=described(profile), gone=True)
        try:
            profile.delete()
        except ProtectedError as error:
            count = len(error.protected_objects)
            raise EngineError(
                f"Executor {name} is named by {counted(count, 'run')} and cannot be removed; "
                "import those runs with another executor first."
            ) from error


def find_profile(name: str) -> ExecutorProfile:
    """The profile of that name. Raises EngineError that names those there are."""
    found = ExecutorProfile.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(
            ExecutorProfile.objects.order_by("name").values_list("name", flat=True)[:20]
        )
        raise EngineError(f"There is no executor {name!r}; there are: {names or 'none yet'}.")
    return found


def check_profile(profile: ExecutorProfile, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return why this host cannot run the profile, as sentences; empty if it can. Starts nothing."""
    return examine(profile, environ)[1]


def described(profile: ExecutorProfile | None) -> dict[str, Any]:
    """The profile for pages, JSON and the audit; values of variables are hidden, as they can be secrets."""
    if profile is None:
        return {}
    return {
        "name": profile.name,
        "argv": list(profile.argv),
        "cwd": profile.cwd,
        "timeout_seconds": profile.timeout_seconds,
        "env": dict.fromkeys(profile.env, HIDDEN),
        "env_from": list(profile.env_from),
        "preflight": profile.preflight,
        "service": profile.service,
        "service_url": profile.service_url,
        "allow_dash": profile.allow_dash,
        "allow_program_text": profile.allow_program_text,
        "os_user": profile.os_user,
        "max_parallel": profile.max_parallel,
        "starts_per_minute": profile.starts_per_minute,
        "ramp": profile.ramp,
        "run_delay_seconds": profile.run_delay_seconds,
        "default": profile.is_default,
        **{name: getattr(profile, name) for name in _ADDRESSES},
    }


def _columns(given: ProfileInput) -> dict[str, Any]:
    values = {item.name: getattr(given, item.name) for item in fields(given)}
    del values["name"], values["is_default"]
    return {
        **values,
        "argv": list(given.argv),
        "env": dict(given.env),
        "env_from": list(given.env_from),
        "headers_from": dict(given.headers_from),
    }


def validate(given: ProfileInput) -> None:
    """Raise EngineError, one sentence with the way out, for what no host could run."""
    if not NAME.fullmatch(given.name):
        raise EngineError(
            f"{given.name[:60]!r} cannot name an executor: "
            "use up to 100 letters, digits, dots, dashes, colons or spaces."
        )
    _refuse_numbers(given)
    for text in (
        *(*given.argv, given.cwd, given.preflight, given.service, given.service_url, given.os_user),
        *(*given.env.values(), given.url, given.poll_url, given.cancel_url, given.log_url),
    ):
        if "\0" in text:
            raise EngineError("A profile cannot hold a NUL byte.")
    for name in (*given.env, *given.env_from):
        if not VARIABLE.fullmatch(name):
            raise EngineError(f"{name[:60]!r} cannot be the name of an environment variable.")
    _refuse_kind(given)
    _refuse_commands(given)


def _refuse_kind(given: ProfileInput) -> None:
    if given.kind not in list(Kind):
        raise EngineError(f"--kind is one of {', '.join(Kind)}, not {given.kind[:60]!r}.")
    remote = remote_of(given)
    if remote is None:
        wrong = [name for name in _ADDRESSES[1:] if getattr(given, name)]
        if wrong:
            raise EngineError(
                "Addresses and headers belong to executors of kind http, ray or airflow: add --kind, or leave them out."
            )
        return
    local = [option for name, option in _LOCAL_ONLY.items() if getattr(given, name)]
    problem = remote.problem()
    if local:
        problem = f"{' and '.join(local)} cannot be where phases run as jobs of a service: its host is not ours."
    if remote.kind == Kind.AIRFLOW and (given.argv or given.env or given.env_from):
        problem = "An executor of kind airflow has no command and no variables: a task has its own."
    if problem:
        raise EngineError(problem)


def _refuse_numbers(given: ProfileInput) -> None:
    timeout = given.timeout_seconds
    if timeout is not None and not (math.isfinite(timeout) and timeout > 0):
        raise EngineError(f"The timeout must be more than 0 seconds, not {timeout:g}.")
    problem = executor_problem(
        given.max_parallel, given.starts_per_minute, given.ramp, given.run_delay_seconds
    )
    if problem:
        raise EngineError(problem)


def _refuse_commands(given: ProfileInput) -> None:
    try:
        if given.argv or given.kind in (Kind.LOCAL, Kind.RAY):
            inspect(given.argv, allow_program_text=given.allow_program_text)
        # With every passed variable present: whether this host has them is for check_profile to say.
        base_environment(given.env, given.env_from, dict.fromkeys(given.env_from, ""))
        names = given.headers_from.values()
        header_values(given.headers_from, dict.fromkeys(names, "-"))
    except ChildError as error:
        raise EngineError(str(error)) from error
    for name in ("preflight", "service"):
        try:
            shlex.split(getattr(given, name))
        except ValueError as error:
            raise EngineError(
                f"The {name} command cannot be split into arguments: {error}."
            ) from error
    if given.service_url and not is_address(given.service_url):
        raise EngineError(
            f"--service-url takes an address like http://127.0.0.1:8000/health, not {given.service_url[:60]!r}."
        )


def audit_profile(
    verb: str,
    profile: ExecutorProfile,
    by: Person,
    reason: str = "",
    *,
    old: dict[str, Any],
    gone: bool = False,
) -> None:
    """Write a change of a profile to the audit, with its actor and both versions;
    values of variables are hidden.
    """
    record_audit(
        by,
        verb,
        Subject("executor", str(profile.pk), profile.name),
        bounded(reason.strip(), "The reason"),
        old=old,
        new={} if gone else described(profile),
    )
