"""Every rule that stops a drain or a part of it has the same card on the page and in every report,
and ways on that work.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, load_command_class
from django.utils import timezone

from drain.evidence.report.escape import markdown
from drain.models import DrainSession, Phase, SessionRun
from drain.models.roles import Role
from drain.policy.reasons import ExclusionReason, StopReason
from drain.policy.stopping.limits import Limits
from tests.dashboard.people import signed_in
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
YEAR = timezone.now().year
RUN, PHASE = "a_b c`d;'e", "--p $(x)"
OWN = [reason for reason in StopReason if reason is not StopReason.NOTHING_SELECTED]
PARTS = [
    ExclusionReason.FINGERPRINT_STOPPED,
    ExclusionReason.RUN_STOPPED,
    ExclusionReason.RUN_TIMEOUTS,
]


def stopped_by(rule: StopReason | ExclusionReason) -> DrainSession:
    """A drain of one run in which the rule tripped while a phase failed, which still fails."""
    key = FingerprintFactory(title="Error k").key
    run = RunFactory(run_id=RUN)
    own = rule in OWN
    session = SessionFactory(
        state="stopped" if own else "finished", selected=3, total_failed=3,
        stop_reason=rule.value if own else "",
        stop_card={"rule": rule.value, "limit": 3, "observed": 4, "sentence": f"It was {rule.value}."}
        if own else {},
        limits=Limits(batch_size=7, max_session_fingerprint_repeats=3).to_json(),
        scope={"run_ids": [RUN]},
    )  # fmt: skip
    phase = PhaseFactory(run=run, phase_id=PHASE, state="FAILED", last_fingerprint=key)
    attempt = AttemptFactory(session=session, phase=phase, fingerprint=key, error="Error k")
    CandidateFactory(session=session, phase=phase, fingerprint=key, planned_position=1)
    left = PhaseFactory(run=run, state="FAILED", last_fingerprint=key)
    CandidateFactory(
        session=session, phase=left, fingerprint=key, planned_position=2, status="excluded", reason=rule.value
    )  # fmt: skip
    SessionRun.objects.create(
        session=session, run=run, failed=1,
        stop="" if own or rule is ExclusionReason.FINGERPRINT_STOPPED else rule.value,
        stop_detail=f"It was {rule.value}.",
    )  # fmt: skip
    if own:
        DrainSession.objects.filter(pk=session.pk).update(stop_attempt=attempt)
    session.refresh_from_db()
    return session


def report(session: DrainSession, form: str) -> str:
    out = StringIO()
    call_command("report", str(session.pk), "--format", form, stdout=out)
    return out.getvalue()


@pytest.fixture
def pasted(tmp_path: Path) -> Callable[[str], list[str]]:
    """The arguments that `manage.py` gets of a line that is pasted into a shell."""
    recorder, got = tmp_path / "manage.py", tmp_path / "got"
    recorder.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > "{got}"\n')
    recorder.chmod(0o755)

    def run(line: str) -> list[str]:
        environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        subprocess.run(["bash", "-c", line], env=environ, check=True, timeout=30)
        return got.read_text().split("\0")[:-1]

    return run


def on_page(page: str) -> list[str]:
    """The commands of the stop cards as they are copied."""
    cards = re.findall(r'<section class="stopcard.*?</section>', page, re.DOTALL)
    found = re.findall(r'<code class="command">(.*?)</code>', " ".join(cards), re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", each)).strip() for each in found]


def works(argv: list[str]) -> None:
    """The command takes the words, and what it names can be tried."""
    command: Any = load_command_class("drain", argv[0])
    parsed = command.create_parser("manage.py", argv[0]).parse_args(argv[1:])
    if argv[0] == "drain_phase":
        assert Phase.objects.get(run__run_id=parsed.run, phase_id=parsed.phase).state == "FAILED"
    assert not {"RUN", "PHASE", "KEY", "SESSION"} & set(argv)


@pytest.mark.parametrize("rule", [*OWN, *PARTS])
def test_every_stop_has_its_card_on_the_page_and_in_every_report_with_commands_that_run(
    rule: StopReason | ExclusionReason, pasted: Callable[[str], list[str]]
) -> None:
    session = stopped_by(rule)
    page = signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/").content.decode()
    text, machine = report(session, "md"), json.loads(report(session, "json"))
    (stop,) = machine["stops"]
    shown = stop["sentence"]
    assert shown in html.unescape(page)
    assert markdown(shown) in text
    assert shown in html.unescape(report(session, "html"))
    named = "a person" if rule is StopReason.PERSON else rule.value
    assert all(named in each for each in (page, text.replace("\\", "") + "a person"))
    ways = [action["argv"] for action in stop["actions"]]
    assert ways
    copied = on_page(page)
    assert [pasted(line) for line in copied] == ways
    spans = [pasted(line) for line in re.findall(r"^   `+ ?(manage\.py .*?) ?`+$", text, re.M)]
    assert [argv for argv in ways if argv not in spans] == []
    for argv in ways:
        works(argv)


def test_rules_that_tripped_beside_each_other_have_a_card_each() -> None:
    session = stopped_by(StopReason.FAILURE_RATE)
    SessionRun.objects.update(stop="run_timeouts", stop_detail="Two timed out.")
    phase = PhaseFactory(last_fingerprint="k")
    CandidateFactory(
        session=session, phase=phase, planned_position=3, fingerprint="k", status="excluded",
        reason="fingerprint_stopped",
    )  # fmt: skip
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert page.count('<section class="stopcard') == 3
    for said in (
        "Stopped: It was failure_rate.",
        "Stopped in part: Two timed out.",
        "Stopped in part: The same failure",
    ):
        assert said in page, said
    assert len(json.loads(report(session, "json"))["stops"]) == 3


def test_a_card_of_several_runs_does_not_speak_of_one() -> None:
    session = stopped_by(ExclusionReason.RUN_STOPPED)
    (one,) = json.loads(report(session, "json"))["stops"]
    assert one["sentence"] == "It was run_stopped."
    SessionRun.objects.create(
        session=session, run=RunFactory(), stop="run_stopped", stop_detail="Run x failed."
    )
    (several,) = json.loads(report(session, "json"))["stops"]
    assert (several["sentence"], several["run_count"]) == (
        "The same failure came too often in this run.",
        2,
    )


def test_no_card_offers_a_phase_that_is_complete_by_now() -> None:
    session = stopped_by(StopReason.FAILURE_RATE)
    Phase.objects.update(state="COMPLETE")
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert on_page(page)
    assert not [line for line in on_page(page) if "drain_phase" in line]


@pytest.mark.parametrize(
    ("rule", "observed", "limit", "shown"),
    [
        ("failure_rate", 0.55, 0.5, "55 % / 50 %"),
        ("max_total_minutes", 90.25, 90, "90.25 min / 90 min"),
        ("max_consecutive_zero_yield", 8, 8, "8 attempts / 8 attempts"),
        ("sample_failed", 0, 1, "0 complete / 1 complete"),
        ("until", f"{YEAR}-03-02T12:01:00+00:00", f"{YEAR}-03-02T12:00:00+00:00", "2 Mar, 12:01 / 2 Mar, 12:00"),
        ("until", "soon", "later", "soon / later"),
    ],
)  # fmt: skip
def test_what_a_card_observed_stands_beside_its_limit_with_units(
    rule: str, observed: object, limit: object, shown: str
) -> None:
    card = {"rule": rule, "limit": limit, "observed": observed, "sentence": "It was."}
    session = SessionFactory(state="stopped", stop_reason=rule, stop_card=card)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert f"<dd>{shown}</dd>" in " ".join(page.split()).replace("> ", ">").replace(" <", "<")
