"""The report of a drain session: one data object that HTML, Markdown and JSON are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drain.db.sql import rows
from drain.evidence.checks.run import judge_all
from drain.evidence.checks.verdicts import Verdict
from drain.evidence.comparison.compare import Comparison, compare
from drain.evidence.comparison.sides import before_session, of_session
from drain.evidence.fixes.judgement import FixVerdict
from drain.evidence.fixes.kept import JudgeFix, judged_now
from drain.evidence.fixes.scope import fixes_of
from drain.evidence.fixes.verdict import Ruling
from drain.evidence.report.identity import ReportIdentity, identity_of
from drain.evidence.report.left import LeftBehind, left_behind
from drain.evidence.report.rows import PhaseTelemetry, phase_telemetry
from drain.evidence.report.stops import Stop, stops_of
from drain.evidence.rollups.fold import state_totals
from drain.models import Attempt, Candidate, Check, DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES, CheckKind, CheckVerdict
from drain.policy.actions import Action
from drain.policy.reasons import ExclusionReason, StopReason
from drain.policy.words import counted

_RULINGS = (
    (Ruling.DOES_NOT_WORK, "❌"), (Ruling.CANNOT_BE_TOLD, "⚠️"), (Ruling.NOT_ENOUGH_DATA, "⚠️"),
    (Ruling.PARTLY, "⚠️"), (Ruling.WORKS, "✅"),
)  # fmt: skip
"""Of several fixes the first of these that holds for one is the status."""
GUARDS = (CheckKind.NO_PATTERN, CheckKind.NO_FINGERPRINT)
MOST_FIXES = 5
SINGLES = 1000
"""Newest drains of one phase that a report looks through."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """The number of failed phases in scope that ended in one line of the ledger."""

    line: str
    sentence: str
    phases: int


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix marker that was in before the drain ended, and what attempts since then show."""

    marker: int
    title: str
    applied_at: datetime
    commit: str
    note: str
    verdict: FixVerdict
    kept_at: datetime | None = None
    """The time at which maintenance found the verdict; None where it is as old as the report."""


@dataclass(frozen=True, slots=True)
class ReportedCheck:
    """A check with its verdict; `evidence` are ids of attempts (or phases) that speak against it."""

    check: int
    name: str
    kind: str
    verdict: str
    sentence: str
    evidence: tuple[int, ...]
    evidence_kind: str
    """attempts or phases"""


@dataclass(frozen=True, slots=True)
class SinglePhase:
    """A drain of one phase by name, in one of the same runs."""

    session: int
    run_id: str
    phase_id: str
    state: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader needs to trust what a drain did; long lists are in `rows`."""

    session: DrainSession
    made_at: datetime
    identity: ReportIdentity
    ledger: tuple[LedgerLine, ...]
    became: dict[str, int]
    """The numbers of selected phases by outcome, reason for dropping them, or waiting."""
    before: dict[str, int]
    after: dict[str, int]
    comparison: Comparison
    fixes: tuple[Fix, ...]
    checks: tuple[ReportedCheck, ...]
    telemetry: tuple[PhaseTelemetry, ...]
    single_phases: tuple[SinglePhase, ...]
    stops: tuple[Stop, ...]
    left: LeftBehind

    @property
    def actions(self) -> tuple[Action, ...]:
        """The safe next steps after the stops, each once, those of the session first."""
        return tuple(dict.fromkeys(action for stop in self.stops for action in stop.actions))

    @property
    def live(self) -> bool:
        """True if the session may still change."""
        return self.session.state in LIVE_SESSION_STATES

    @property
    def ledger_sum(self) -> str:
        """The sum written out: 3 selected + 2 beyond_batch = 5 failed phases."""
        parts = " + ".join(f"{line.phases} {line.line}" for line in self.ledger)
        return f"{parts or 0} = {counted(self.session.total_failed, 'failed phase')}"

    @property
    def failed_checks(self) -> int:
        """Checks whose verdict is fail."""
        return sum(check.verdict == CheckVerdict.FAIL for check in self.checks)

    @property
    def guards(self) -> tuple[ReportedCheck, ...]:
        """Known-bad guards: what must not come back."""
        return tuple(check for check in self.checks if check.kind in GUARDS)

    @property
    def stop_sentence(self) -> str:
        """The reason of its end, for people; empty when it just came to its end."""
        card = self.session.stop_card.get("sentence")
        if card:
            return str(card)
        reason = self.session.stop_reason
        return StopReason(reason).sentence if reason in set(StopReason) else reason

    @property
    def status(self) -> tuple[str, str]:
        """A mark and the one sentence that a reader takes away."""
        after = self.comparison.after
        if self.failed_checks:
            return "❌", f"{self.failed_checks} of {counted(len(self.checks), 'check')} failed"
        again = len(self.comparison.causes.regressed)
        if again and not self.fixes:
            return "❌", f"{_causes(again)} failed in attempts that started after the fix"
        if not after.attempts:
            return "⚠️", "no phase was run; the ledger gives the reason for each"
        rate = after.rate
        if not rate.n:
            return "⚠️", f"{counted(after.attempts, 'attempt')}, none that counts towards a rate"
        said = f"{rate.complete} of {counted(rate.n, 'counted attempt')} completed"
        if self.fixes:
            return self._status_of_fixes(said)
        return "⚠️", f"{said}; no fix is marked that could be judged by it"

    def _status_of_fixes(self, said: str) -> tuple[str, str]:
        """The worst of what can be said of them; never a green mark over a failing majority."""
        rate = self.comparison.after.rate
        for ruling, mark in _RULINGS:
            fix = next((fix for fix in self.fixes if fix.verdict.ruling is ruling), None)
            if fix is not None:
                again = len(self.comparison.causes.regressed)
                green = not again and 2 * rate.complete >= rate.n
                seen = f", {_causes(again)} seen again" if again else ""
                return (
                    "⚠️" if mark == "✅" and not green else mark,
                    f"{said}{self._of_fix(fix.verdict)}; fix FM-{fix.marker}: {fix.verdict.words.lower()}{seen}",
                )
        return "⚠️", said

    def _of_fix(self, verdict: FixVerdict) -> str:
        """Return a sentence on the phases that a fix is about, where others were drained beside them."""
        rate = self.comparison.after.rate
        tried = sum(one.after.n for one in verdict.causes)
        complete = tried - sum(int(one.after.failed) + one.moved for one in verdict.causes)
        if not tried or (complete, tried) == (rate.complete, rate.n):
            return ""
        return f", {complete} of {tried} that the fix is about"


def _causes(number: int) -> str:
    return counted(number, "fingerprint")


def build_report(session: DrainSession, now: datetime, judge_fix: JudgeFix = judged_now) -> Report:
    """Read everything but the long lists; writes nothing and judges the checks anew."""
    scope_runs = _runs(session)
    comparison = compare(before_session(session), of_session(session))
    return Report(
        session=session,
        made_at=now,
        identity=identity_of(session),
        ledger=_ledger(session),
        became=_became(session),
        before=session.before,
        after=session.after or state_totals(scope_runs),
        comparison=comparison,
        fixes=_fixes(session, judge_fix),
        checks=tuple(_check_line(*each) for each in judge_all(session, comparison, judge_fix)),
        telemetry=phase_telemetry(session.pk),
        single_phases=_single_phases(session),
        stops=stops_of(session),
        left=left_behind(session, now),
    )


def _runs(session: DrainSession) -> list[int] | None:
    """Runs of the plan; None (all) when the session named neither runs nor phases."""
    named = session.scope.get("run_ids") or session.scope.get("phases")
    if not named and session.scope.get("phase") is None:
        return None
    found = Candidate.objects.filter(session=session).values_list("run_id", flat=True)
    return list(found.distinct())


def _ledger(session: DrainSession) -> tuple[LedgerLine, ...]:
    lines = [LedgerLine("selected", "Selected for this drain.", session.selected)]
    for reason, phases in session.ledger.items():
        known = reason in set(ExclusionReason)
        sentence = ExclusionReason(reason).sentence if known else reason
        lines.append(LedgerLine(reason, sentence, phases))
    return tuple(lines)


def _became(session: DrainSession) -> dict[str, int]:
    found = rows(
        "SELECT CASE status WHEN 'done' THEN coalesce(nullif(outcome, ''), 'done') "
        "WHEN 'excluded' THEN reason ELSE status END AS what, count(*)::int AS n FROM drain_candidate "
        "WHERE session_id = %(session)s AND planned_position IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
        {"session": session.pk},
    )
    return {item["what"]: item["n"] for item in found}


def _fixes(session: DrainSession, judge_fix: JudgeFix) -> tuple[Fix, ...]:
    judged = [(marker, judge_fix(marker)) for marker in fixes_of(session, MOST_FIXES)]
    return tuple(
        Fix(
            marker.pk, marker.title, marker.applied_at, marker.commit, marker.note, found.verdict,
            found.at if found.kept else None,
        )
        for marker, found in judged
    )  # fmt: skip


def _check_line(check: Check, found: Verdict) -> ReportedCheck:
    kind = "phases" if "phases" in found.observed else "attempts"
    return ReportedCheck(
        check.pk, check.name, check.kind, found.verdict.value, found.sentence,
        tuple(found.observed.get(kind, ())), kind,
    )  # fmt: skip


def _single_phases(session: DrainSession) -> tuple[SinglePhase, ...]:
    """Phases that somebody drained by name in the runs of this session, newest first."""
    # The few sessions first: looked for from the attempts, nobody's would be found after reading all of them.
    named = DrainSession.objects.filter(scope__phase__isnull=False).exclude(scope__phase=None)
    found = (
        Attempt.objects.filter(
            session__in=list(named.order_by("-pk").values_list("pk", flat=True)[:SINGLES]),
            run__in=Candidate.objects.filter(session=session).values("run"),
            finished_at__isnull=False,
        )
        .select_related("phase", "run")
        .order_by("-pk")[:10]
    )
    return tuple(
        SinglePhase(
            attempt.session_id or 0, attempt.run.run_id, attempt.phase.phase_id, attempt.phase.state,
            attempt.outcome or "",
        )
        for attempt in found
    )  # fmt: skip
