"""Register an Autopack database under a name, with the workspace that drains it, and import it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from drain.models import AuditEvent, ExecutorProfile, Source
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin, SourceKind
from drain.policy.secrets import masked
from drain.sources.autopack.importing import ImportResult, import_source
from drain.sources.autopack.profile import check_workspace, profile_of, save_profile
from drain.sources.errors import SourceError
from drain.sources.urls import ENV_PREFIX, absolute, locate


@dataclass(frozen=True, slots=True)
class Registration:
    """A person's settings for a source; an empty one leaves the known one as it is."""

    url: str
    name: str = ""
    workspace: str = ""
    python: str = ""
    settle_seconds: float | None = None
    env_from: tuple[str, ...] = ()
    """Variables of the workers that phases get beside the workers' AUTOPACK_ ones."""
    allow_empty: bool = False
    """Import a database without a run and a phase, which most often is one at a wrong address."""


def import_registered(
    registration: Registration, *, actor: str, origin: Origin, now: datetime
) -> ImportResult:
    """Make or update the source and its profile, then import; all or nothing. Raises SourceError."""
    with transaction.atomic():
        result = import_source(register(registration, actor=actor, origin=origin), now)
        if not (result.runs or result.phases or registration.allow_empty):
            place = result.identity.get("file") or result.identity["url"]
            raise SourceError(
                f"{place} holds no run and no phase: check its address, or pass --allow-empty-db if that is meant."
            )
        return result


def register(registration: Registration, *, actor: str, origin: Origin) -> Source:
    """Make or update the source and its profile without importing; all or nothing. Raises SourceError."""
    workspace = check_workspace(registration.workspace) if registration.workspace else ""
    settle = registration.settle_seconds
    if settle is not None and not 0 < settle <= 3600:
        raise SourceError("--settle-seconds must be above 0 and at most 3600 seconds.")
    with transaction.atomic():
        source = _save_source(registration, workspace, actor, origin)
        if source.workspace:
            _save_profile(source, replace(registration, workspace=workspace), actor, origin)
        elif registration.python or registration.env_from:
            raise SourceError(
                "--python and --env-from need a --workspace, the folder in which phases run."
            )
        return source


def default_name(url: str) -> str:
    """A name for a source that was given none: from its file or database."""
    if url.startswith(ENV_PREFIX):
        return url.removeprefix(ENV_PREFIX).lower()
    location = locate(url)
    if location.path is not None:
        base = location.path.stem
    else:
        base = location.url.partition("?")[0].rpartition("/")[2] or "autopack"
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", base)[:80] or "autopack"
    if Source.objects.filter(name=base).exists():
        digest = hashlib.blake2b(location.url.encode(), digest_size=3).hexdigest()
        return f"{base}-{digest}"
    return base


def _save_source(registration: Registration, workspace: str, actor: str, origin: Origin) -> Source:
    url = absolute(registration.url)
    source = (
        Source.objects.filter(name=registration.name).first()
        if registration.name
        else Source.objects.filter(kind=SourceKind.AUTOPACK, url=url).first()
    )
    is_new = source is None
    if source is None:
        source = Source(
            name=_checked(registration.name or default_name(url)), kind=SourceKind.AUTOPACK
        )
    if source.kind != SourceKind.AUTOPACK:
        raise SourceError(f"{source.name} is the name of a source of files; choose another --name.")
    old = _described(source)
    source.url = url
    source.workspace = workspace or source.workspace
    if registration.settle_seconds is not None:
        source.settle_seconds = registration.settle_seconds
    changed = None if is_new else ["url", "workspace", "settle_seconds"]
    source.save(update_fields=changed)
    if old != _described(source):
        AuditEvent.objects.create(
            actor=actor,
            origin=origin,
            verb="source.set",
            subject="source",
            subject_pk=str(source.pk),
            label=source.name,
            old=old,
            new=_described(source),
        )
    return source


def _save_profile(source: Source, registration: Registration, actor: str, origin: Origin) -> None:
    """The profile is a command that runs: whoever changes it is written down, also by an import."""
    old = _command(profile_of(source))
    profile = save_profile(
        source, registration.python, actor, registration.env_from, workspace=registration.workspace
    )
    if old != _command(profile):
        record_audit(
            Person(actor, origin),
            "executor.set",
            Subject("executor", str(profile.pk), profile.name),
            f"import of the source {source.name}",
            old=old,
            new=_command(profile),
        )


def _command(profile: ExecutorProfile | None) -> dict[str, object]:
    if profile is None:
        return {}
    fields = ("argv", "cwd", "preflight", "env_from")
    return {name: getattr(profile, name) for name in fields}


def _checked(name: str) -> str:
    # The profile's name is autopack:NAME in at most 100 characters.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,89}", name):
        raise SourceError(
            f"{name[:60]!r} cannot name a source: use up to 90 letters, digits, dots, dashes or spaces."
        )
    return name


def _described(source: Source) -> dict[str, object]:
    return {
        "url": masked(source.url),
        "workspace": source.workspace,
        "settle_seconds": source.settle_seconds,
    }
