"""The end of a command that drained: what it prints, and its exit code."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import Count

from drain.engine.sessions.results import dropped_from_plan, session_result
from drain.evidence.fixes import prospects
from drain.management.base import DrainCommand
from drain.management.ledger import print_preflights, print_result
from drain.models import CheckResult, DrainSession, Fingerprint, FixMarker
from drain.models.vocabulary import FAILURE_OUTCOMES, CheckVerdict, SessionState
from drain.policy.exit_codes import SessionEnd, exit_code, exit_sentence
from drain.policy.reasons import ExclusionReason

SHOWN = 3
LONGEST = 200
"""Characters of a title."""


def _before_a_fix(session: DrainSession) -> str:
    """Return the sentence for a drain whose repeat limits left phases alone:
    the way to a verdict on a fix of them.
    """
    dropped = dropped_from_plan(session.pk)
    if not dropped.keys() & {ExclusionReason.RUN_STOPPED, ExclusionReason.FINGERPRINT_STOPPED}:
        return ""
    failed = session.attempt_set.filter(outcome__in=FAILURE_OUTCOMES).exclude(fingerprint="")
    most = (
        failed.values("fingerprint").annotate(count=Count("pk")).order_by("-count", "fingerprint")
    )
    key = most.values_list("fingerprint", flat=True).first()
    if key is None or FixMarker.objects.filter(fingerprints__key=key).exists():
        return ""
    found = prospects.prospect_of(key)
    if found.tries is None:
        return f"Before a fix: {found.sentence}"
    return f"Before a fix: {found.sentence} `{prospects.command(key, found.batch)}` tries them."


def _failed_by(session: DrainSession) -> str:
    """Return the failures of its attempts, the commonest first."""
    failed = session.attempt_set.filter(outcome__in=FAILURE_OUTCOMES).exclude(fingerprint="")
    counts = failed.values("fingerprint").annotate(count=Count("pk"))
    most = list(counts.order_by("-count", "fingerprint").values_list("fingerprint", "count"))
    titles = dict(
        Fingerprint.objects.filter(key__in=[key for key, _ in most[:SHOWN]]).values_list(
            "key", "title"
        )
    )
    named = [f"{titles.get(key, key)[:LONGEST]} ({count:,})" for key, count in most[:SHOWN]]
    return f"Failed by: {'; '.join(named)}{'; …' if len(most) > SHOWN else ''}." if named else ""


def conclude(command: DrainCommand, session: DrainSession, *, as_json: bool) -> None:
    """Print what the session came to. Raises CommandError with the exit code unless that is 0."""
    result = session_result(session)
    if as_json:
        command.print_json(result)
    else:
        print_result(command.stdout, session)
        for said in filter(None, (_failed_by(session), _before_a_fix(session))):
            command.stdout.write(said)
        command.stdout.write(f"More: `manage.py report {session.pk}`.")
    print_preflights(command.stderr, session)
    failed = CheckResult.objects.filter(session=session, verdict=CheckVerdict.FAIL)
    ending = SessionEnd(
        state=session.state,
        total_failed=session.total_failed,
        selected=session.selected,
        processed=result["processed"],
        lost=result["lost"],
        failed_checks=failed.values("check_run").distinct().count(),
    )
    if code := exit_code(ending):
        said = exit_sentence(ending)
        if session.state == SessionState.INTERRUPTED:
            said += f" `manage.py drain --resume {session.pk}` goes on with it."
        raise CommandError(said, returncode=code)
