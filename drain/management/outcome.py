"""The end of a command that drained: what it prints, and its exit code."""

from __future__ import annotations

from django.core.management.base import CommandError

from drain.engine.sessions.results import session_result
from drain.management.base import DrainCommand
from drain.management.ledger import print_preflights, print_result
from drain.models import CheckResult, DrainSession
from drain.models.vocabulary import CheckVerdict, SessionState
from drain.policy.exit_codes import Ending, exit_code, exit_sentence


def conclude(command: DrainCommand, session: DrainSession, *, as_json: bool) -> None:
    """Print what the session came to. Raises CommandError with the exit code unless that is 0."""
    result = session_result(session)
    if as_json:
        command.print_json(result)
    else:
        print_result(command.stdout, session)
    print_preflights(command.stderr, session)
    failed = CheckResult.objects.filter(session=session, verdict=CheckVerdict.FAIL)
    ending = Ending(
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
