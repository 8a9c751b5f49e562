"""Invariants that must hold after a schedule, whatever was done to the site."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import psycopg

from bench.faults.site import Site
from drainsite import postgres
from drainsite.supervisor.site import WEB_STARTS_WITHIN

_OPEN = "SELECT count(*) FROM drain_attempt WHERE finished_at IS NULL"
_STUCK = """
SELECT count(*) FROM drain_phase WHERE lease_owner IS NOT NULL OR state NOT IN ('FAILED', 'COMPLETE', 'SKIPPED')
"""
_ATTEMPTS = """
SELECT r.run_id || ' ' || p.phase_id || ' ' || a.number FROM drain_attempt a
JOIN drain_phase p ON p.id = a.phase_id JOIN drain_run r ON r.id = p.run_id
"""
_KNOWN_CODES = """
SELECT r.run_id || ' ' || p.phase_id || ' ' || a.number, a.outcome, a.exit_code FROM drain_attempt a
JOIN drain_phase p ON p.id = a.phase_id JOIN drain_run r ON r.id = p.run_id WHERE a.exit_code IS NOT NULL
"""
_NUMBERS = """
SELECT p.phase_id FROM drain_phase p LEFT JOIN drain_attempt a ON a.phase_id = p.id
GROUP BY p.id HAVING count(a.id) <> p.attempts OR count(a.id) <> coalesce(max(a.number), 0)
"""
_COUNTERS = """
SELECT sr.session_id, sr.run_id FROM drain_sessionrun sr
LEFT JOIN drain_attempt a ON a.session_id = sr.session_id AND a.run_id = sr.run_id AND a.finished_at IS NOT NULL
GROUP BY sr.id HAVING sr.complete <> count(*) FILTER (WHERE a.outcome = 'complete')
    OR sr.failed <> count(*) FILTER (WHERE a.outcome IN ('failed', 'timeout'))
    OR sr.lost <> count(*) FILTER (WHERE a.outcome = 'lost')
    OR sr.retryable <> count(*) FILTER (WHERE a.outcome = 'retryable')
"""
_WAITING = """
SELECT sr.id FROM drain_sessionrun sr WHERE sr.waiting <> (
    SELECT count(*) FROM drain_candidate c WHERE c.session_run_id = sr.id AND c.status = 'waiting')
"""
_OPEN_COUNT = "SELECT id FROM drain_run WHERE open_attempts <> 0"
_CHAIN = """
SELECT subject_pk FROM (
    SELECT subject_pk, from_state, to_state, lag(to_state) OVER w AS before,
        CASE WHEN lead(id) OVER w IS NULL THEN to_state END AS last
    FROM drain_transition WHERE subject = 'phase' WINDOW w AS (PARTITION BY subject_pk ORDER BY id)
) t LEFT JOIN drain_phase p ON p.id = t.subject_pk
WHERE t.before IS NOT NULL AND t.before <> t.from_state OR t.last IS NOT NULL AND t.last <> p.state
"""
_LIVE = (
    "SELECT count(*) FROM drain_drainsession WHERE state IN ('planned', 'running', 'stopping') "
    "OR state = 'paused' AND EXISTS (SELECT FROM drain_attempt WHERE finished_at IS NULL)"
)

_MOVED = """
SELECT (SELECT count(*) FROM drain_attempt), (SELECT count(finished_at) FROM drain_attempt),
    (SELECT max(id) FROM drain_transition)
"""


def settle(site: Site, seconds: float) -> list[str]:
    """Wait until every drain is over; a violation if nothing has moved for `seconds` while one is not."""
    return _over(site, _LIVE, "a drain is stuck", seconds) or _over(
        site, _OPEN, "an attempt stays open", seconds
    )


def _over(site: Site, left: str, what: str, seconds: float) -> list[str]:
    """A slow machine takes longer, and still moves; what is stuck does not, however long one waits."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < seconds:
        with contextlib.suppress(psycopg.Error, postgres.PostgresError):
            if site.rows(left)[0][0] == 0:
                return []
            moved = site.rows(_MOVED)
            if moved != seen:
                seen, since = moved, time.monotonic()
        time.sleep(0.1)
    return [what]


def violations(site: Site) -> list[str]:
    """Return what does not hold; call when `settle` is through, before `up` ends."""
    journal = [line.split() for line in site.journal.read_text().splitlines()]
    ran = {" ".join(line[1:4]) for line in journal if line[0] == "start"}
    codes = {" ".join(line[1:4]): int(line[4]) for line in journal if line[0] == "end"}
    attempts = {row[0] for row in site.rows(_ATTEMPTS)}
    found = [f"two ran at once: {' '.join(line[1:])}" for line in journal if line[0] == "overlap"]
    found += [f"ran without an attempt: {one}" for one in sorted(ran - attempts)]
    for one, outcome, code in site.rows(_KNOWN_CODES):
        if outcome == "lost" and codes.get(one, code) != code:
            found.append(f"a lost attempt has another code than its child: {one}")
    if list((site.folder / "data" / "work").glob("*/*.result.json")):
        found.append("a known result was never written")
    found += _empty(site, "a phase is stuck", lambda: [] if site.rows(_STUCK)[0][0] == 0 else [1])
    for statement, what in (
        (_NUMBERS, "attempts of a phase are not numbered one by one"),
        (_COUNTERS, "counters differ from a recount"),
        (_WAITING, "what waits differs from a recount"),
        (_OPEN_COUNT, "open attempts are counted that are none"),
        (_CHAIN, "transitions do not chain"),
    ):
        if rows := site.rows(statement):
            found.append(f"{what}: {rows[:5]}")
    return found + _rollups(site)


def _rollups(site: Site) -> list[str]:
    for _ in range(3):
        checked = site.manage_each(("rollups", "fold"), ("rollups", "check"), check=False)
        if checked.returncode == 0:
            return []
    return [f"rollups differ from a recount: {checked.stdout.strip()[-300:]}"]


def unanswered(site: Site) -> list[str]:
    """Return whether the web server has not come back to answer."""
    try:
        # As long as `up` gives it to start on a busy machine, and to be begun anew once.
        site.until(site.answers, 2 * WEB_STARTS_WITHIN, "the web server does not answer")
    except TimeoutError as error:
        return [str(error)]
    return []


def leftovers(site: Site, code: int) -> list[str]:
    """Return what is left of a site whose `up` has ended with this code."""
    found = [] if code == 0 else [f"up ended with {code}"]
    deadline = time.monotonic() + 10
    while left := site.remains():
        if time.monotonic() > deadline:
            return [*found, f"processes are left: {[process.pid for process in left]}"]
        time.sleep(0.1)
    return found


def _empty(site: Site, what: str, ask: Callable[[], list[int]]) -> list[str]:
    try:
        site.until(lambda: not ask(), 10, what)
    except TimeoutError:
        return [what]
    return []
