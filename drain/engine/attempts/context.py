"""The context of a loop: its host, and each session that it serves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from django.db import Error as DatabaseFault

from drain.engine.process.profile import Profile
from drain.engine.sessions.scope import SessionScope
from drain.engine.workers.identity import own_folder, profiles_here, worker_name
from drain.engine.workers.timing import PROFILE_SECONDS
from drain.models import DrainSession, ExecutorProfile
from drain.policy.stopping.limits import Limits, QueuedPolicy

OUT_OF_REACH = 2_000_000_000


@dataclass(slots=True)
class HostContext:
    """This worker, and which profiles its host can run."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """This process's, as phases may get it: reading each name from os.environ costs more than a query."""
    worker: str = field(default_factory=worker_name)
    folder: Path = field(default_factory=own_folder)
    profiles: dict[int, Profile] = field(default_factory=dict)
    default_executor: int | None = None
    _profiles_at: float = 0.0

    def refresh(self) -> None:
        """Look again at what this host can run, at most every half minute."""
        if self._profiles_at and time.monotonic() - self._profiles_at < PROFILE_SECONDS:
            return
        self.profiles, _ = profiles_here()
        self.default_executor = (
            ExecutorProfile.objects.filter(is_default=True).values_list("pk", flat=True).first()
        )
        self._profiles_at = time.monotonic()

    def executor(self, named: int | None) -> int:
        """The key of the executor that runs a run; claims only offer runs whose executor is here."""
        return (named if named is not None else self.default_executor) or 0

    @property
    def able(self) -> list[str]:
        """Names of the executors that this host can run."""
        return [profile.name for profile in self.profiles.values()]


@dataclass(frozen=True, slots=True)
class SessionContext:
    """The constants of a session: its limits and its scope."""

    session: int
    limits: Limits
    scope: SessionScope
    inline: bool

    @classmethod
    def of(cls, session: DrainSession) -> Self:
        """The context of a stored session."""
        return cls(
            session=session.pk,
            limits=Limits.from_json(session.limits),
            scope=SessionScope.from_json(session.scope),
            inline=session.inline,
        )

    def claim_values(self) -> dict[str, object]:
        """Return the values that all claims of this session share."""
        repeats = self.limits.max_session_fingerprint_repeats
        return {
            "session": self.session,
            "ignore_queued": self.limits.queued_policy is QueuedPolicy.IGNORE,
            "force": self.scope.force,
            "session_repeats": OUT_OF_REACH if repeats is None else repeats,
            "key_level": self.limits.key_level.value,
            "run_delay": self.limits.run_delay_seconds or 0.0,
        }

    @property
    def ignores_queued(self) -> bool:
        """True if queued phases hold nothing back in this session."""
        return self.limits.queued_policy is QueuedPolicy.IGNORE or self.scope.force

    @property
    def allow_queued(self) -> bool:
        """True if a queued phase may start: one that was asked for by name."""
        return self.scope.phase is not None


def session_context(session: int) -> SessionContext | None:
    """Read the context of a session; None if the session is not there any more."""
    found = DrainSession.objects.filter(pk=session).first()
    return None if found is None else SessionContext.of(found)


def read_contexts(locked: Iterable[int], known: dict[int, SessionContext]) -> dict[int, Exception]:
    """Add to `known` the contexts of locked sessions that it lacks;
    returns those that make no sense, with the reason.

    Raises what the database raises.
    """
    broken: dict[int, Exception] = {}
    for session in locked:
        if session in known:
            continue
        try:
            context = session_context(session)
        except DatabaseFault:
            raise
        except Exception as error:  # noqa: BLE001 - whatever stands in it, it is this session's alone
            broken[session] = error
            continue
        assert context is not None  # noqa: S101 - its row is locked
        known[session] = context
    return broken
