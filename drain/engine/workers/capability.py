"""The hosts that can run the executors that a drain still needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import Now

from drain.db.prepared import rows
from drain.engine.workers.hosts import able_hosts
from drain.engine.workers.timing import PROFILE_SECONDS
from drain.models import DrainSession, ExecutorProfile, Run
from drain.models.vocabulary import CandidateStatus

SEEN_WITHIN = 10.0
"""Seconds from a host's look at executors until it has announced what it found."""
_NEEDED = """
SELECT DISTINCT coalesce(e.name, d.name, '') AS name
FROM drain_sessionrun sr JOIN drain_run r ON r.id = sr.run_id
LEFT JOIN drain_executorprofile e ON e.id = r.executor_id
LEFT JOIN drain_executorprofile d ON d.is_default
WHERE sr.session_id = %(session)s::bigint AND sr.waiting > 0
"""
_NOTE = """
UPDATE drain_drainsession SET no_host_since = coalesce(no_host_since, now()) WHERE id = %(session)s::bigint
RETURNING no_host_since < now() - make_interval(secs => %(seconds)s::float8) AS over
"""


def needed_executors(session: int) -> set[str]:
    """Return the names of executors that the session's phases wait for; "" for a default that is gone."""
    return {found["name"] for found in rows(_NEEDED, {"session": session})}


def lacking(needed: Collection[str]) -> set[str]:
    """Return the executors that no living host can run or has yet to look at. One query."""
    lately = Now() - timedelta(seconds=PROFILE_SECONDS + SEEN_WITHIN)
    # Made or changed so lately that a host which was there before had no time to look at them.
    new = ExecutorProfile.objects.filter(updated_at__gt=OuterRef("started_at"))
    new = new.filter(updated_at__gt=lately)
    hosts = able_hosts().annotate(new=ArraySubquery(new.values("name")))
    able = hosts.values_list("profiles", "new")
    return set(needed) - {name for profiles, names in able for name in (*profiles, *names)}


@dataclass(frozen=True, slots=True)
class NoHost:
    """Executors that are needed and that nobody who is alive can run."""

    executors: tuple[str, ...]
    all_of_them: bool
    """Nothing of the drain can go on."""

    @property
    def sentence(self) -> str:
        """The fault in one sentence with the way out."""
        names = ", ".join(name or "(none: the default executor is gone)" for name in self.executors)
        noun = "executor" if len(self.executors) == 1 else "executors"
        rest = "" if self.all_of_them else " The phases of other executors go on."
        return f"No host can run the {noun} {names}: `manage.py executor check` says why on each host.{rest}"


def without_host(session: int, able: Collection[str] | None = None) -> NoHost | None:
    """Return what nobody can run; None if somebody can run all that is needed.

    `able`: names of the executors that can be run; None means those of the hosts that are alive.
    """
    needed = needed_executors(session)
    return _no_host(needed, lacking(needed) if able is None else needed - set(able))


def runs_without_host(runs: Collection[int]) -> NoHost | None:
    """Return the executors of these runs that no host which is alive can run; None if each can be run."""
    default = ExecutorProfile.objects.filter(is_default=True).values_list("name", flat=True).first()
    named = Run.objects.filter(pk__in=runs).values_list("executor__name", flat=True).distinct()
    needed = {name or default or "" for name in named}
    return _no_host(needed, lacking(needed))


def _no_host(needed: set[str], missing: set[str]) -> NoHost | None:
    return NoHost(tuple(sorted(missing)), missing == needed) if missing else None


def has_waited(session: DrainSession, seconds: float, able: Collection[str] | None = None) -> bool:
    """Note whether nobody can go on with the session; True once that has lasted `seconds`."""
    found = without_host(session.pk, able)
    running = session.candidates.filter(status=CandidateStatus.RUNNING)
    if found is not None and found.all_of_them and not running.exists():
        (noted,) = rows(_NOTE, {"session": session.pk, "seconds": seconds})
        return bool(noted["over"])
    if session.no_host_since is not None:
        DrainSession.objects.filter(pk=session.pk).update(no_host_since=None)
    return False
