"""Exit codes of a drain for scripts, and the sentence for people beside them."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from drain.management.ledger import print_result
from drain.models import Check, DrainSession, ExecutorProfile, Hold, SessionRun
from tests.factories import ExecutorFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)


def ended(*command: str) -> tuple[int, str, str]:
    """Exit code, output, and errors with the sentence of the end."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*command, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    return 0, out.getvalue(), err.getvalue()


def hold_all() -> None:
    phase = PhaseFactory()
    Hold.objects.create(
        kind="run", value=phase.run.run_id, reason="r", created_by="p", origin="browser"
    )


def fails(**executor: Any) -> None:
    PhaseFactory()
    PhaseFactory()
    ExecutorProfile.objects.update(**{"argv": ["/bin/false"], **executor})


def failed_check() -> None:
    fails()
    Check.objects.create(name="no failure", kind="no_pattern", pattern="exit 1")


CASES: dict[str, tuple[int, Any, tuple[str, ...]]] = {
    "nothing had failed": (0, lambda: None, ()),
    "it completed": (0, PhaseFactory, ()),
    "it failed": (0, fails, ()),
    "the batch was full": (0, fails, ("--batch-size", "1")),
    "an unknown run": (1, lambda: None, ("--run-id", "nope")),
    "a value that makes no sense": (1, lambda: None, ("--parallel", "0")),
    "a check failed": (3, failed_check, ()),
    "a rule stopped it": (4, PhaseFactory, ("--max-consecutive-zero-yield", "1")),
    "none could be selected": (5, hold_all, ()),
    "a preflight refused it": (5, lambda: fails(preflight="/bin/sh -c 'echo broken import; exit 7'"), ()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_drain_ends_with_the_code_of_the_contract(case: str) -> None:
    code, arrange, options = CASES[case]
    ExecutorFactory()
    arrange()
    found, out, err = ended("drain", "--inline", *options)
    assert found == code, err
    assert (f"(exit {code})" in err) == (code > 1)
    if code == 5 and "preflight" in case:
        assert "broken import" in err
        assert "failed with exit 7" in err
    if code == 1:
        assert not DrainSession.objects.exists()
        assert out == ""


def test_whoever_watches_gets_the_code_of_the_drain() -> None:
    for state, code in (("finished", 0), ("stopped", 4), ("cancelled", 5), ("interrupted", 5)):
        session = SessionFactory(state=state)
        found, out, _ = ended("session", "watch", str(session.pk))
        assert (found, f"Drain {session.pk} {state}" in out) == (code, True)


def test_ctrl_c_leaves_the_drain_to_the_workers_and_says_how_to_watch_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pressed(_session: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("drain.management.draining.follow", pressed)
    session = SessionFactory(state="running", ended_at=None)
    code, _, err = ended("session", "watch", str(session.pk))
    assert (code, f"manage.py session watch {session.pk}" in err) == (130, True)
    session.refresh_from_db()
    assert session.state == "running"


@pytest.mark.parametrize("command", ["drain", "drain_phase", "session", "report"])
def test_help_names_the_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    assert "exit codes: 0" in capsys.readouterr().out.lower()


def test_the_human_line_names_what_was_lost_and_diverted() -> None:
    session = SessionFactory(selected=4, total_failed=4)
    SessionRun.objects.create(
        session=session, run=PhaseFactory().run, complete=1, lost=2, diverted=3
    )
    out = StringIO()
    print_result(OutputWrapper(out), session)
    assert "1 complete, 0 failed (0 timeouts), 0 retryable, 2 lost, 3 diverted;" in out.getvalue()
