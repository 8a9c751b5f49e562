"""What one loop knows about its session: read once, refreshed where it can change."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drain.engine.attempts.claim import PickRules
from drain.engine.process.profile import Profile
from drain.engine.sessions.scope import SessionScope
from drain.engine.workers.identity import own_folder, profiles_here, worker_name
from drain.models import DrainSession, ExecutorProfile
from drain.policy.limits import Limits, QueuedPolicy

PROFILE_SECONDS = 30.0
OUT_OF_REACH = 2_000_000_000


@dataclass(slots=True)
class LoopContext:
    """One loop's view: the session's frozen limits, and which profiles this host can run."""

    session: int
    limits: Limits
    scope: SessionScope
    actor: str
    interrupted: Callable[[], bool]
    """True once this process was asked to end."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """This process's, as phases may get it: reading each name from os.environ anew costs more than a statement."""
    worker: str = field(default_factory=worker_name)
    folder: Path = field(default_factory=own_folder)
    profiles: dict[int, Profile] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    default_executor: int | None = None
    _profiles_at: float = 0.0

    @classmethod
    def of(cls, session: DrainSession, interrupted: Callable[[], bool]) -> LoopContext:
        """The context of a loop that begins now."""
        context = cls(
            session=session.pk,
            limits=Limits.from_json(session.limits),
            scope=SessionScope.from_json(session.scope),
            actor=worker_name(),
            interrupted=interrupted,
        )
        context.refresh_profiles()
        return context

    def refresh_profiles(self) -> None:
        """Look again at what this host can run, at most every half minute."""
        if self._profiles_at and time.monotonic() - self._profiles_at < PROFILE_SECONDS:
            return
        self._profiles_at = time.monotonic()
        self.profiles, self.problems = profiles_here()
        self.default_executor = (
            ExecutorProfile.objects.filter(is_default=True).values_list("pk", flat=True).first()
        )

    def profile(self, executor: int | None) -> Profile:
        """The profile of a picked run; picks only offer runs whose profile is here."""
        chosen = executor if executor is not None else self.default_executor
        return self.profiles[chosen or 0]

    @property
    def ignores_queued(self) -> bool:
        """Whether what is queued holds nothing back in this session."""
        return self.limits.queued_policy is QueuedPolicy.IGNORE or self.scope.force

    def pick_rules(self) -> PickRules:
        """What the next pick has to respect."""
        repeats = self.limits.max_session_fingerprint_repeats
        return PickRules(
            session=self.session,
            default_executor=self.default_executor,
            executors=tuple(self.profiles),
            ignore_queued=self.limits.queued_policy is QueuedPolicy.IGNORE,
            force=self.scope.force,
            allow_queued=self.scope.phase is not None,
            session_repeats=OUT_OF_REACH if repeats is None else repeats,
            key_level=self.limits.key_level.value,
        )
