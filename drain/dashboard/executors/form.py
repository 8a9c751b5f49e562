"""The executor form: typed values as a profile, and a profile as typed values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from drain.engine.errors import EngineError
from drain.engine.workers.executors import ProfileInput
from drain.models import ExecutorProfile
from drain.policy.numbers import whole
from drain.policy.remote import Kind
from drain.policy.secrets import HIDDEN

_SHELL = frozenset({"|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1"})
KINDS = (
    (Kind.LOCAL.value, "As a process of a worker's host"),
    (Kind.HTTP.value, "As a job of a service, over HTTP"),
    (Kind.RAY.value, "As a job of a Ray cluster"),
    (Kind.AIRFLOW.value, "As a task of Airflow that is cleared"),
)
_DECIMAL = re.compile(r"[0-9]{1,8}(\.[0-9]{1,10})?", re.ASCII)
_ADDRESSES = ("url", "poll_url", "cancel_url", "log_url")
_MOST_SECONDS = 10_000_000
_MOST_PARALLEL = 9_999_999


def split_command(text: str) -> tuple[str, ...]:
    """Return the arguments of a command line, quotes read as a shell reads them. Raises EngineError."""
    if "\0" in text:
        raise EngineError("The command cannot hold a NUL byte.")
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise EngineError(
            f"The command cannot be split into arguments: {str(error).lower()}. Close the quote, or put a "
            "backslash before it."
        ) from error


def shell_words(argv: tuple[str, ...]) -> list[str]:
    """Return the arguments that only a shell would understand."""
    return [word for word in argv if word in _SHELL]


def read_profile(values: Mapping[str, str], stored: Mapping[str, str]) -> ProfileInput:
    """Return the profile that the form describes; `stored` has the hidden values. Raises EngineError."""
    share = _decimal(values, "ramp", "The share that ends a ramp, in percent,")
    return ProfileInput(
        name=values.get("name", ""),
        argv=split_command(values.get("command", "")),
        cwd=values.get("cwd", ""),
        timeout_seconds=_whole(values, "timeout", "The timeout", _MOST_SECONDS),
        env=_variables(values.get("env", ""), stored),
        env_from=tuple(values.get("env_from", "").split()),
        preflight=values.get("preflight", ""),
        service=values.get("service", ""),
        service_url=values.get("service_url", ""),
        allow_dash="allow_dash" in values,
        allow_program_text="allow_program_text" in values,
        os_user=values.get("os_user", ""),
        max_parallel=_whole(values, "max_parallel", "The most at the same time", _MOST_PARALLEL),
        starts_per_minute=_whole(
            values, "starts_per_minute", "The most starts a minute", _MOST_PARALLEL
        ),
        ramp=None if share is None else round(share / 100, 12),
        run_delay_seconds=_decimal(values, "run_delay_seconds", "The delay in a run"),
        is_default="is_default" in values,
        kind=values.get("kind") or Kind.LOCAL.value,
        headers_from=_headers(values.get("headers_from", "")),
        **{name: values.get(name, "") for name in _ADDRESSES},
    )


def typed_profile(profile: ExecutorProfile) -> dict[str, Any]:
    """Return the fields of the form for a profile; values of variables are hidden."""
    return {
        "name": profile.name,
        "command": shlex.join(profile.argv),
        "cwd": profile.cwd,
        "timeout": "" if profile.timeout_seconds is None else f"{profile.timeout_seconds:g}",
        "env": "\n".join(f"{name}={HIDDEN}" for name in profile.env),
        "env_from": " ".join(profile.env_from),
        "preflight": profile.preflight,
        "service": profile.service,
        "service_url": profile.service_url,
        "os_user": profile.os_user,
        "max_parallel": "" if profile.max_parallel is None else str(profile.max_parallel),
        "starts_per_minute": ""
        if profile.starts_per_minute is None
        else str(profile.starts_per_minute),
        "ramp": _typed(None if profile.ramp is None else round(profile.ramp * 100, 10)),
        "run_delay_seconds": _typed(profile.run_delay_seconds),
        "kind": profile.kind,
        "headers_from": "\n".join(
            f"{name}={value}" for name, value in profile.headers_from.items()
        ),
        **{name: getattr(profile, name) for name in _ADDRESSES},
        **({"allow_dash": "on"} if profile.allow_dash else {}),
        **({"allow_program_text": "on"} if profile.allow_program_text else {}),
        **({"is_default": "on"} if profile.is_default else {}),
    }


def _variables(text: str, stored: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals:
            raise EngineError(f"A variable is NAME=VALUE, one a line, not {name[:60]!r}.")
        if value == HIDDEN and name not in stored:
            raise EngineError(f"{HIDDEN} keeps a stored value, and {name[:60]} has none: give one.")
        found[name] = stored[name] if value == HIDDEN else value
    return found


def _headers(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, variable = line.partition("=")
        if not equals:
            raise EngineError(f"A header is HEADER=VARIABLE, one a line, not {name[:60]!r}.")
        found[name.strip()] = variable.strip()
    return found


def _typed(number: float | None) -> str:
    return "" if number is None else f"{number:.12g}"


def _decimal(values: Mapping[str, str], name: str, words: str) -> float | None:
    text = values.get(name, "")
    if text and not _DECIMAL.fullmatch(text):
        raise EngineError(f"{words} is a number like 20 or 0.5, not {text[:20]!r}.")
    return float(text) if text else None


def _whole(values: Mapping[str, str], name: str, words: str, most: int) -> int | None:
    text = values.get(name, "")
    if not text:
        return None
    number = whole(text, most)
    if number is None:
        raise EngineError(f"{words} is a whole number up to {most:,}, not {text[:20]!r}.")
    return number
