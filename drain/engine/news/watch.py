"""News, found by looking at the state of things:
so nothing is missed by a process that died before telling it.

A drain that ended, a fingerprint that regressed or is new and fails often, stale phases in the queue, a host
that went silent. What is older than a day is news to nobody, and a row that makes no sense hides no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from drain.db.sql import rows
from drain.engine.isolation import isolated
from drain.engine.news.post import Event, post
from drain.engine.queue.blockers import STALE_PHASES
from drain.engine.sessions.results import session_counts
from drain.engine.workers.hosts import alive_hosts
from drain.evidence.fingerprints.aliases import STANDS_FOR
from drain.models import (
    Autopilot,
    DrainSession,
    Fingerprint,
    Notice,
    Rollout,
    Transition,
    WorkerHost,
)
from drain.models.vocabulary import (
    FAILURE_OUTCOMES,
    LIVE_SESSION_STATES,
    FingerprintStatus,
    NoticeKind,
)
from drain.policy.news import drain_title
from drain.policy.words import counted

HORIZON = timedelta(days=1)
SILENT_AFTER = timedelta(seconds=60)
QUIET: dict[NoticeKind, timedelta] = {
    NoticeKind.REGRESSED: timedelta(hours=1),
    NoticeKind.NEW_FINGERPRINT: timedelta(days=1),
    NoticeKind.STALE: timedelta(hours=6),
}
"""The time for which nothing more is said of the same thing."""
SHOWN = 100

# Phases, not attempts: ten tries of one phase are one thing that fails.
# Merged keys count for what they stand for.
_FAILING_OFTEN = f"""
WITH RECURSIVE recent AS (
    SELECT fingerprint AS key, phase_id AS phase FROM drain_attempt
    WHERE finished_at > %(since)s::timestamptz AND outcome = ANY(%(failures)s::text[]) AND fingerprint <> ''
    UNION
    SELECT last_fingerprint, id FROM drain_phase
    WHERE state = 'FAILED' AND state_changed_at > %(since)s::timestamptz AND last_fingerprint <> ''
), asked AS (SELECT DISTINCT key FROM recent), {STANDS_FOR}
SELECT f.key, f.title, f.first_seen, count(DISTINCT recent.phase)::int AS phases
FROM recent JOIN stands_for ON stands_for.asked = recent.key JOIN drain_fingerprint f ON f.key = stands_for.key
WHERE f.first_seen > %(first)s::timestamptz AND f.status = ANY(%(open)s::text[])
GROUP BY f.id HAVING count(DISTINCT recent.phase) >= %(most)s::int ORDER BY phases DESC, f.id LIMIT {SHOWN}
"""  # noqa: S608 - constants only
_STALE = f"""
SELECT count(*)::int AS phases, min(p.state_changed_at) AS oldest FROM {STALE_PHASES}
"""  # noqa: S608 - constants only


def watch(now: datetime) -> int:
    """Look at everything once and post what is news; returns how much that was."""
    looks: dict[str, Callable[[datetime], Iterator[Event]]] = {
        "fingerprints that regressed": regressed,
        "new fingerprints": failing_often,
        "stale phases": stale,
        "silent hosts": silent_hosts,
        "autopilots": autopilots,
    }
    return watch_drains(now) + sum(_look(name, look, now) for name, look in looks.items())


def watch_drains(now: datetime) -> int:
    """The part that people wait for: drains that ended."""
    drains = _look("drains that ended", ended_drains, now)
    return drains + _look("drains on fix", ended_rollouts, now)


def _look(name: str, look: Callable[[datetime], Iterator[Event]], now: datetime) -> int:
    told = 0
    with isolated(f"news, {name},"):
        for event in look(now):
            with isolated(f"news, {name}, {event.about},"):
                told += post(event, QUIET.get(event.kind)) is not None
    return told


def ended_drains(now: datetime) -> Iterator[Event]:
    """Drains that ended, stopped or were interrupted."""
    said = Notice.objects.filter(
        kind=NoticeKind.DRAIN_ENDED, about=OuterRef("number"), since=OuterRef("ended_at")
    )
    found = (
        DrainSession.objects.exclude(state__in=LIVE_SESSION_STATES)
        .filter(ended_at__gt=now - HORIZON)
        .annotate(number=Cast("pk", CharField()))
        .filter(~Exists(said))
        .order_by("ended_at")
    )
    for session in found[:SHOWN]:
        with isolated(f"news of drain {session.pk}"):
            counts = session_counts(session.pk)
            facts = {
                "drain": session.pk, "state": session.state, "stop_reason": session.stop_reason,
                "selected": session.selected, "complete": counts["complete"], "failed": counts["failed"],
                "started_by": session.started_by,
            }  # fmt: skip
            title = drain_title(session.pk, session.state, session.stop_reason, facts)
            yield Event(
                NoticeKind.DRAIN_ENDED, str(session.pk), session.ended_at or now, title, facts,
                f"/drains/{session.pk}/",
            )  # fmt: skip


def regressed(now: datetime) -> Iterator[Event]:
    """Fingerprints that failed again after their fix."""
    for found in Fingerprint.objects.filter(status=FingerprintStatus.REGRESSED).order_by(
        "-last_seen"
    )[:SHOWN]:
        moved = Transition.objects.filter(
            subject="fingerprint", subject_pk=found.pk, to_state=FingerprintStatus.REGRESSED,
        )  # fmt: skip
        at = moved.order_by("-pk").values_list("at", flat=True).first()
        if at is None or at <= now - HORIZON or _was_said(NoticeKind.REGRESSED, found.key, at):
            continue
        title = f"Failed again after its fix: {found.title}"
        facts = {"fingerprint": found.key, "title": found.title}
        yield Event(
            NoticeKind.REGRESSED, found.key, at, title, facts, f"/fingerprints/{found.key}/"
        )


def failing_often(now: datetime) -> Iterator[Event]:
    """Fingerprints of the last day by which many phases failed within an hour."""
    values = {
        "since": now - timedelta(hours=1), "first": now - HORIZON,
        "failures": [outcome.value for outcome in FAILURE_OUTCOMES],
        "open": [FingerprintStatus.NEW.value, FingerprintStatus.ONGOING.value],
        "most": settings.DRAIN_NEWS_PER_HOUR,
    }  # fmt: skip
    for found in rows(_FAILING_OFTEN, values):
        if Notice.objects.filter(kind=NoticeKind.NEW_FINGERPRINT, about=found["key"]).exists():
            continue
        title = f"New, {counted(found['phases'], 'phase')} failed by it within an hour: {found['title']}"
        facts = {"fingerprint": found["key"], "title": found["title"], "phases": found["phases"]}
        yield Event(
            NoticeKind.NEW_FINGERPRINT, found["key"], found["first_seen"], title, facts,
            f"/fingerprints/{found['key']}/",
        )  # fmt: skip


def stale(now: datetime) -> Iterator[Event]:
    """Queued phases that wait for longer than they should; what waits for them is not drained."""
    (found,) = rows(_STALE, {"now": now, "stale": settings.DRAIN_STALE_AFTER})
    if not found["phases"]:
        return
    quiet = QUIET[NoticeKind.STALE]
    # The window that now lies in: hosts that look at the same time say it once.
    since = datetime.fromtimestamp(
        now.timestamp() // quiet.total_seconds() * quiet.total_seconds(), now.tzinfo
    )
    many = found["phases"] != 1
    title = (
        f"{found['phases']:,} queued phase{'s are' if many else ' is'} stale and may block others"
    )
    facts = {"phases": found["phases"], "oldest": found["oldest"].isoformat()}
    yield Event(NoticeKind.STALE, "queue", since, title, facts, "/queued/?stale=1")


def silent_hosts(now: datetime) -> Iterator[Event]:
    """Hosts that said nothing for a minute and did not say that they end, unless they are back."""
    back = alive_hosts().filter(host=OuterRef("host"))
    found = WorkerHost.objects.filter(
        ~Exists(back), stopped_at__isnull=True,
        last_seen__lt=now - SILENT_AFTER, last_seen__gt=now - HORIZON,
    )  # fmt: skip
    for host in found.order_by("last_seen")[:SHOWN]:
        title = f"Worker host {host.host} is silent since {host.last_seen:%H:%M} UTC"
        facts = {"host": host.host, "workers": host.workers}
        yield Event(NoticeKind.HOST_SILENT, str(host.pk), host.last_seen, title, facts, "/workers/")


def ended_rollouts(now: datetime) -> Iterator[Event]:
    """Drains on fix that are over."""
    said = Notice.objects.filter(
        kind=NoticeKind.ROLLOUT_ENDED, about=OuterRef("number"), since=OuterRef("ended_at")
    )
    found = (
        Rollout.objects.filter(ended_at__gt=now - HORIZON)
        .annotate(number=Cast("marker_id", CharField()))
        .filter(~Exists(said))
        .select_related("marker")
        .order_by("ended_at")
    )
    for each in found[:SHOWN]:
        with isolated(f"news of the drain on fix FM-{each.marker_id}"):
            about, said_so = str(each.marker_id), each.card["sentence"]
            facts = {
                "marker": each.marker_id, "state": each.state, "reason": each.card["rule"],
                "drains": each.steps, "ramps": each.ramps,
            }  # fmt: skip
            title = f"Drain on fix FM-{about} ({each.marker.title[:60]}) {each.state}: {said_so}"
            yield Event(
                NoticeKind.ROLLOUT_ENDED, about, each.ended_at or now, title, facts,
                f"/evidence/markers/{about}/",
            )  # fmt: skip


def autopilots(now: datetime) -> Iterator[Event]:
    """Autopilots that paused themselves, and those whose budget of the day is used up."""
    for each in Autopilot.objects.order_by("pk"):
        facts = {"autopilot": each.name}
        if each.paused_at and each.paused_by == each.actor and each.paused_at > now - HORIZON:
            title = f"Autopilot {each.name} paused itself. {each.paused_reason}"
            kind, since = NoticeKind.AUTOPILOT_PAUSED, each.paused_at
            yield Event(kind, each.name, since, title, facts, "/autopilot/")
        if each.budget_used_at and each.budget_used_at > now - HORIZON:
            title = f"Autopilot {each.name} has used up its budget of the day"
            kind, since = NoticeKind.BUDGET_USED, each.budget_used_at
            yield Event(kind, each.name, since, title, facts, "/autopilot/")


def _was_said(kind: NoticeKind, about: str, since: datetime) -> bool:
    return Notice.objects.filter(kind=kind, about=about, since=since).exists()
