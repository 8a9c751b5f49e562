"""The reason why a phase is not drained: page, command, API, admin and planner say the same for every one."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from drain.engine.queue.explain import explain
from drain.engine.queue.ledger import read_ledger
from drain.engine.sessions.planning import DrainRequest, create_session, preview
from drain.engine.sessions.scope import SessionScope
from drain.models import Dependency, ExecutorProfile, Fingerprint, FingerprintAlias, Hold, Phase
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.sign_on import BACKEND
from drain.people.tokens import issue_token
from drain.policy.reasons import ExclusionReason
from drain.policy.stopping.limits import MAX_BATCH_SIZE, Limits
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)
from tests.people import person

pytestmark = pytest.mark.django_db
EVERYTHING = Limits(batch_size=MAX_BATCH_SIZE)


def needing(prerequisite: Phase) -> Phase:
    made: Phase = PhaseFactory()
    Dependency.objects.create(phase=made, prerequisite=prerequisite)
    return made


def held() -> Phase:
    made: Phase = PhaseFactory()
    Hold.objects.create(
        kind="run", value=made.run.run_id, reason="schema", created_by="p", origin="browser"
    )
    return made


def taken() -> Phase:
    """In the hands of a drain that goes on, which has not begun with it yet."""
    made: Phase = PhaseFactory()
    session = SessionFactory(state="running", ended_at=None)
    CandidateFactory(session=session, phase=made, status="running")
    return made


def snoozed() -> Phase:
    """Its key is one of an older version, of a fingerprint that was merged into a snoozed one."""
    merged = FingerprintFactory(merged_into=FingerprintFactory(status="snoozed"))
    FingerprintAlias.objects.create(key="old", fingerprint=merged, version=1)
    made: Phase = PhaseFactory(last_fingerprint="old")
    return made


def unexecutable() -> Phase:
    ExecutorProfile.objects.all().delete()
    return PhaseFactory()


NOW: dict[ExclusionReason, Callable[[], Phase]] = {
    ExclusionReason.LEASED: taken,
    ExclusionReason.RUN_HELD: held,
    ExclusionReason.NO_EXECUTOR: unexecutable,
    ExclusionReason.FINGERPRINT_SNOOZED: snoozed,
    ExclusionReason.WAITS_FOR_QUEUED: lambda: needing(PhaseFactory(state="QUEUED")),
    ExclusionReason.WAITS_FOR_DEPENDENCY: lambda: needing(held()),
}
"""Reasons that hold for any drain started now."""
THEN = set(ExclusionReason) - set(NOW)
"""Reasons that only one drain had, by its filters, its limits or what happened in it."""


@pytest.fixture(autouse=True)
def _executable() -> None:
    ExecutorFactory()


@dataclass
class Answers:
    """The answers of all: the command in words and as JSON, the API, the page and the admin."""

    words: str
    machine: dict[str, Any]
    api: dict[str, Any]
    page: str
    admin: str


def answers(phase: Phase) -> Answers:
    """Ask all of them."""
    named = ("why", phase.run.run_id, phase.phase_id)
    words, machine = StringIO(), StringIO()
    call_command(*named, stdout=words)
    call_command(*named, "--json", stdout=machine)
    by = Person("administrator", Origin.ADMIN)
    _, secret = issue_token(person(Role.VIEWER), "why", by, expires_at=None)
    bearer = {"Authorization": f"Bearer {secret}"}
    told = Client().get(f"/api/v1/phases/{phase.pk}/why", headers=bearer).json()
    browser = Client()
    browser.force_login(User.objects.create_superuser("olga"), backend=BACKEND)
    page = browser.get(f"/phases/{phase.pk}/").content.decode()
    admin = browser.get(f"/admin/drain/phase/{phase.pk}/change/").content.decode()
    return Answers(words.getvalue(), json.loads(machine.getvalue()), told, page, admin)


@pytest.mark.parametrize("reason", NOW)
def test_a_reason_that_holds_now_is_the_same_everywhere(reason):
    phase = NOW[reason]()
    plan = preview(SessionScope(), EVERYTHING, timezone.now())
    assert {line.id: line.reason for line in plan.excluded}[phase.pk] == reason
    said = answers(phase)
    found = said.machine
    assert said.api == found
    assert (found["reason"], found["ready"], found["state"]) == (reason, False, "FAILED")
    assert found["sentence"] == reason.sentence
    assert f"{reason.sentence} [{reason}]" in said.words
    assert f"<code>{reason}</code>" in said.page
    assert "Drain this phase" not in said.page
    for shown in (said.page, said.admin):
        assert reason.sentence in unescape(shown)
        assert found["detail"] in unescape(shown)


@pytest.mark.parametrize("reason", sorted(THEN))
def test_a_reason_that_one_drain_had_is_told_as_that_drain_s_own(reason):
    phase = PhaseFactory()
    session = SessionFactory()
    CandidateFactory(session=session, phase=phase, status="excluded", reason=reason)
    plan = preview(SessionScope(), EVERYTHING, timezone.now())
    assert phase.pk in {line.id for line in plan.selected}
    said = answers(phase)
    assert said.api == said.machine
    assert (said.machine["ready"], said.machine["reason"]) == (True, None)
    assert said.machine["left_out"]["reason"] == reason
    assert f"Drain {session.pk} left it out: {reason.sentence} [{reason}]" in said.words
    for shown in (said.page, said.admin):
        left_out = " ".join(unescape(re.sub("<[^>]*>", "", shown)).split())
        assert f"Drain {session.pk} left it out: {reason.sentence}" in left_out


def test_a_full_batch_is_told_until_the_phase_has_failed_again():
    phases = [PhaseFactory(phase_index=index) for index in range(2)]
    Phase.objects.update(state_changed_at=timezone.now() - timedelta(hours=1))
    asked = DrainRequest(SessionScope(), Limits(batch_size=1), "p", Origin.COMMAND)
    session = create_session(asked, timezone.now())
    out = phases[1]
    out.refresh_from_db()
    found = explain(out, timezone.now())
    assert found.left_out is not None
    assert (found.left_out.session, found.left_out.reason) == (session.pk, "beyond_batch")
    out.state_changed_at = timezone.now() + timedelta(minutes=1)
    assert explain(out, timezone.now()).left_out is None


def test_ended_queued_and_running_phases_say_so():
    now = timezone.now()
    assert "complete" in explain(PhaseFactory(state="COMPLETE"), now).sentence
    assert "skipped" in explain(PhaseFactory(state="SKIPPED"), now).sentence
    queued = PhaseFactory(state="QUEUED", state_changed_at=now - timedelta(hours=25))
    assert "queued for 1 d 01 h" in explain(queued, now).sentence
    running = PhaseFactory(state="EXECUTING", lease_owner=uuid4())
    assert "Its pipeline is running it" in explain(running, now).sentence
    AttemptFactory(phase=running, number=3, outcome=None, finished_at=None, worker="w1")
    assert explain(running, now).sentence == "It is running now: attempt 3 on w1."


def test_a_phase_in_a_running_drain_names_its_place():
    phase = PhaseFactory()
    session = SessionFactory(state="running", ended_at=None)
    CandidateFactory(session=session, phase=phase, status="waiting", planned_position=7)
    found = explain(phase, timezone.now())
    assert f"drain {session.pk}, at position 7" in found.sentence
    assert (found.session, found.reason) == (session.pk, "leased")


def test_a_phase_that_nothing_holds_back_is_ready():
    assert explain(PhaseFactory(), timezone.now()).ready


def test_a_phase_that_nobody_knows_is_one_sentence():
    with pytest.raises(CommandError, match="There is no phase “x” in a run “y”"):
        call_command("why", "y", "x")


def some_keys(dice: random.Random, until: list[datetime | None]) -> list[str]:
    """Make fingerprints, some snoozed or merged; returns their keys, those of an older version, and none."""
    made: list[Fingerprint] = []
    for _ in range(6):
        status = dice.choice(["snoozed", "ongoing"])
        into = dice.choice([None, *made])
        one = FingerprintFactory(
            status=status, snoozed_until=dice.choice(until), merged_into=into,
            headline=dice.choice(["", "h1", "h2"]), place_known=dice.random() < 0.5,
        )  # fmt: skip
        FingerprintAlias.objects.create(key=f"old-{one.key}", fingerprint=one, version=1)
        made.append(one)
    return ["", *(f"{old}{one.key}" for one in made for old in ("", "old-"))]


def a_world(seed: int, *, live: bool) -> None:
    """Runs of every kind: phases in every state, edges, holds, snoozes, merges and a drain that goes on."""
    dice = random.Random(seed)
    pack = SourceFactory(kind="autopack")
    runs = [
        RunFactory(run_id=f"{dice.choice('ab')}-{place}", source=dice.choice([pack, None]),
            order=dice.choice(["sequential", "independent"]))
        for place in range(6)
    ]  # fmt: skip
    now, hour = timezone.now(), timedelta(hours=1)
    until = [None, now + hour, now - hour]
    known = some_keys(dice, until)
    moved = ["QUEUED", "QUEUED", "COMPLETE", "SKIPPED", "EXECUTING", "CI_RUNNING"]
    states = ["FAILED"] * 12 + moved
    phases = [
        PhaseFactory(run=dice.choice(runs), phase_index=dice.randrange(9), state=dice.choice(states),
            last_fingerprint=dice.choice(known) if dice.random() < 0.4 else "")
        for _ in range(50)
    ]  # fmt: skip
    pairs = {tuple(sorted(dice.sample(range(50), 2))) for _ in range(25)}
    Dependency.objects.bulk_create(
        Dependency(phase=phases[later], prerequisite=phases[earlier]) for earlier, later in pairs
    )
    for kind, value in (("run", runs[0].run_id), ("prefix", "b-")):
        Hold.objects.create(
            kind=kind, value=value, reason="r", created_by="p", origin="browser",
            until=dice.choice(until),
        )  # fmt: skip
    if live:
        session = SessionFactory(state="running", ended_at=None)
        failed = [phase for phase in phases if phase.state == "FAILED"]
        for place, phase in enumerate(dice.sample(failed, 4)):
            CandidateFactory(session=session, phase=phase, status="waiting", planned_position=place)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_stands_around_a_phase_the_answer_is_the_planner_s(seed):
    a_world(seed, live=True)
    now = timezone.now()
    plan = preview(SessionScope(), EVERYTHING, now)
    planned = {line.id: line.reason.value for line in plan.excluded}
    said = {phase.pk: explain(phase, now).reason for phase in Phase.objects.filter(state="FAILED")}
    assert said == {pk: planned.get(pk, "") for pk in said}
    assert len(set(said.values())) > 3


@pytest.mark.parametrize("seed", range(6))
def test_the_parts_of_the_ledger_are_those_of_the_planner(seed):
    a_world(seed, live=False)
    now = timezone.now()
    plan = preview(SessionScope(), EVERYTHING, now)
    parts = Counter(line.reason.value for line in plan.excluded)
    ledger = read_ledger(now)
    assert (ledger.held, ledger.snoozed, ledger.waiting, ledger.untouched) == (
        parts["run_held"],
        parts["fingerprint_snoozed"],
        parts["waits_for_queued"] + parts["waits_for_dependency"],
        len(plan.selected),
    )
