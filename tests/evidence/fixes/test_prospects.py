"""The prospect of a fix is the verdict that it can get, and the drain that is offered makes the tries."""

from __future__ import annotations

import html
import re
import shlex
from io import StringIO
from urllib.parse import parse_qsl, urlencode

import pytest
from django.core.management import call_command
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.dashboard.drains.form import read_form
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.evidence.fixes import prospects
from drain.evidence.fixes.contrast import FEWEST
from drain.evidence.fixes.prospects import prospect, prospect_of
from drain.evidence.fixes.trials import Trial
from drain.evidence.fixes.verdict import Evidence, Ruling, judge
from drain.models import Attempt, DrainSession, Phase
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.engine.conftest import SOMEBODY, Backlog
from tests.factories import FingerprintFactory, PhaseFactory, RunFactory

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def at_best(sizes: list[int], tries: int) -> Ruling:
    """The verdict if all tried before fail, runs in turns, and all complete after."""
    after = [Trial(run, False, False) for run, size in enumerate(sizes) for _ in range(size)]
    turns = sorted((turn, run) for run, size in enumerate(sizes) for turn in range(size))
    before = [Trial(run, True, True) for _, run in turns][:tries]
    return judge(Evidence("k", "t", after, before)).ruling


@settings(max_examples=40, deadline=None)
@given(SIZES)
def test_so_many_tries_are_enough_and_fewer_are_not(sizes):
    sizes = sorted(sizes, reverse=True)
    found = prospect(sizes)
    if found.tries is None:
        assert at_best(sizes, sum(sizes)) is not Ruling.WORKS or sum(sizes) > 60
    else:
        assert at_best(sizes, found.tries) is Ruling.WORKS
        assert found.tries == FEWEST or at_best(sizes, found.tries - 1) is not Ruling.WORKS


@pytest.mark.parametrize("phases", [1, 20, 400, 5_000])
def test_one_run_alone_can_never_be_judged_and_what_it_takes_is_what_the_verdict_asks(phases):
    found = prospect([phases])
    assert found.tries is None
    assert "nobody can tell that from luck" in found.sentence
    each = min(phases, prospects.MOST_OF_A_RUN)
    assert found.runs_needed is not None
    assert at_best([each] * found.runs_needed, 60) is Ruling.WORKS
    assert at_best([each] * (found.runs_needed - 1), 60) is not Ruling.WORKS


@pytest.mark.django_db
def test_what_is_failed_now_counts_in_its_runs():
    for run in (RunFactory(), RunFactory()):
        for _ in range(2):
            PhaseFactory(run=run, state="FAILED", last_fingerprint="k")
        PhaseFactory(run=run, state="COMPLETE", last_fingerprint="k")
        PhaseFactory(run=run, state="FAILED", last_fingerprint="other")
    found = prospect_of("k")
    assert (found.phases, found.runs) == (4, 2)
    assert prospect_of("nothing").sentence == (
        "No phase is failed by it now, so a fix of it cannot be judged."
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", ["form", "command"])
def test_the_drain_that_is_offered_before_a_fix_really_tries_its_phases_even_in_one_run(
    tmp_path, door
):
    backlog = Backlog(tmp_path)
    backlog.executor("echo 'FileNotFoundError: customers.csv' >&2; exit 1")
    backlog.run("night", 14)
    key = backlog.drain(batch_size=1).attempt_set.get().fingerprint
    Phase.objects.update(last_fingerprint=key)
    tried = Attempt.objects.count()
    if door == "form":
        values = {name: [value] for name, value in prospects.limits(prospects.TRY_FIRST).items()}
        limits = read_form(QueryDict(urlencode(values, doseq=True)), timezone.now()).limits
        asked = DrainRequest(SessionScope(), limits, SOMEBODY.name, SOMEBODY.origin, inline=True)
        backlog.drain(create_session(asked, timezone.now()))
    else:
        words = shlex.split(prospects.command(key, prospects.TRY_FIRST))
        call_command(*words[1:], "--inline", stdout=StringIO())
    assert Attempt.objects.count() - tried == 12


@pytest.mark.django_db
def test_the_form_of_a_fix_says_up_front_what_can_be_told():
    FingerprintFactory(key="k", status="ongoing")
    run = RunFactory()
    for _ in range(20):
        PhaseFactory(run=run, state="FAILED", last_fingerprint="k")
    manager = signed_in(Role.MANAGER)
    form = manager.get("/evidence/markers/new/?fingerprint=k").content.decode()
    assert prospect([20]).sentence in form
    (found,) = re.findall(r'href="/drains/new/\?([^"]*)"[^>]*>Try 12 of its', form)
    values = dict(parse_qsl(html.unescape(found)))
    assert values == {"fingerprint": "k", **prospects.limits(prospects.TRY_FIRST)}
    bare = manager.get("/evidence/markers/new/").content.decode()
    assert "Try 12 of its phases now" not in bare
    assert DrainSession.objects.count() == 0
