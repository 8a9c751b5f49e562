"""Debts to an Autopack source, condition by condition: no child runs, a test says who writes when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.engine.source import following, outbox
from drain.engine.source.outbox import FOLLOW, LOST, ask_later, settle_debts
from drain.models import Fingerprint, Phase, Source, SourceDebt, Transition
from drain.sources.autopack.readback import row_now
from tests.engine.pipeline import OLD, Pipeline, ours
from tests.engine.source.owing import NOW, at, lease, phase, promised, settle
from tests.factories import AttemptFactory

pytestmark = pytest.mark.django_db


def test_only_a_source_that_can_be_asked_owes_an_answer(idle: Pipeline) -> None:
    files = Source.objects.create(name="f", kind="files")
    ask_later(FOLLOW, phase().pk, files.pk, "")
    assert not SourceDebt.objects.exists()


def test_a_question_replaces_a_question_and_never_a_promise(idle: Pipeline) -> None:
    for verb in (FOLLOW, LOST, FOLLOW):
        ask_later(verb, phase("p").pk, idle.source.pk, verb)
    promised("q")
    ask_later(LOST, phase("q").pk, idle.source.pk, "lost")
    found = SourceDebt.objects.order_by("phase__phase_id").values_list("verb", "reason")
    assert list(found) == [(FOLLOW, FOLLOW), ("clear_queued", "by hand")]


def test_what_is_promised_by_one_is_nobody_else_s_to_promise_or_to_keep(idle: Pipeline) -> None:
    mine, late = promised("q"), promised("q")
    assert (outbox.held(mine), outbox.held(late)) == ({phase("q").pk}, set())
    outbox.keep_promise(late)
    assert SourceDebt.objects.count() == 1
    outbox.keep_promise(mine)
    assert not SourceDebt.objects.exists()


def test_only_a_source_that_could_not_be_asked_is_shown_as_silent(idle: Pipeline) -> None:
    promised("q")
    assert outbox.unsettled() == []
    SourceDebt.objects.update(error="away")
    assert [each.phases for each in outbox.unsettled()] == [1]


def test_who_asks_about_some_phases_settles_no_others(idle: Pipeline) -> None:
    for name in ("p", "q"):
        ask_later(LOST, phase(name).pk, idle.source.pk, "lost")
    assert settle_debts([phase("q").pk]) == 1
    assert SourceDebt.objects.get().phase == phase("p")


@pytest.mark.parametrize(("verb", "left"), [(FOLLOW, 1), (LOST, 0)])
def test_a_phase_that_an_attempt_holds_is_that_attempt_s_to_read_back(
    idle: Pipeline, monkeypatch: pytest.MonkeyPatch, verb: str, left: int
) -> None:
    ask_later(verb, phase().pk, idle.source.pk, "")
    lease("p")
    asked: list[object] = []
    monkeypatch.setattr(outbox, "row_now", lambda *given: asked.append(given))
    assert settle() == 1 - left
    assert asked == []
    assert SourceDebt.objects.filter(due_at__gt=timezone.now()).count() == left


def test_a_leased_phase_takes_nothing_over(idle: Pipeline) -> None:
    before, causes = phase(), Fingerprint.objects.count()
    lease("p")
    idle.change("p", state="FAILED", last_failure_reason="KeyError: 7")
    row = row_now(idle.source, "r", "p")
    assert row is not None
    assert following.follow_rows(idle.source, before.run_id, [row]) == 0
    assert Fingerprint.objects.count() == causes
    # Who leased it after it was read here comes first, too.
    following._take_over(before, row)
    after = phase()
    assert (after.last_failure_reason, after.source_changed_at) == (OLD, before.source_changed_at)


@pytest.mark.parametrize("source", ["files", None])
def test_a_debt_to_a_source_that_is_no_more_is_over(idle: Pipeline, source: str | None) -> None:
    promised("q")
    idle.change("q", state="COMPLETE")
    Source.objects.update(kind="files")
    if source is None:
        phase().run.__class__.objects.update(source=None)
    assert settle() == 1
    assert ours()["r/q"] == "QUEUED"


def test_a_debt_about_a_phase_that_its_source_does_not_know_any_more_is_over(
    idle: Pipeline,
) -> None:
    promised("q")
    idle.execute("DELETE FROM phases WHERE phase_id = 'q'")
    assert settle() == 1
    assert ours()["r/q"] == "QUEUED"


@pytest.mark.parametrize(
    ("state", "age", "asked", "over"),
    [
        ("QUEUED", 0, False, False),
        ("QUEUED", 0, True, True),
        ("FAILED", 9, False, False),
        ("FAILED", 11, False, True),
        ("COMPLETE", 0, False, True),
        ("SKIPPED", 0, False, True),
    ],
)
def test_a_phase_is_followed_until_it_has_ended_well_or_for_ten_minutes(
    idle: Pipeline, state: str, age: int, asked: bool, over: bool
) -> None:
    ask_later(FOLLOW, phase().pk, idle.source.pk, "")
    SourceDebt.objects.update(made_at=timezone.now() - timedelta(minutes=age))
    idle.change("p", state=state)
    assert settle(asked) == int(over)
    assert not SourceDebt.objects.filter(due_at__lte=timezone.now()).exists()
    assert ours()["r/p"] == state


@pytest.mark.parametrize(
    ("there", "here", "verb"),
    [
        ("COMPLETE", "QUEUED", "clear_queued"),
        ("SKIPPED", "QUEUED", "synced"),
        ("COMPLETE", "FAILED", "synced"),
    ],
)
def test_who_was_killed_is_named_as_the_mover_only_of_what_was_promised(
    idle: Pipeline, there: str, here: str, verb: str
) -> None:
    promised("q")
    idle.change("q", state=there)
    Phase.objects.filter(phase_id="q").update(state=here)
    assert settle() == 1
    moved = Transition.objects.filter(subject_pk=phase("q").pk).latest("id")
    assert (moved.verb, moved.to_state) == (verb, there)


@pytest.mark.parametrize(
    ("there", "written", "becomes", "reason"),
    [
        ("EXECUTING", -1, "FAILED", f"[drainsite] lost: worker died; original: {OLD}"),
        ("QUEUED", -1, "QUEUED", OLD),
        ("EXECUTING", 1, "EXECUTING", OLD),
        ("COMPLETE", -1, "COMPLETE", OLD),
        ("SKIPPED", -1, "SKIPPED", OLD),
        ("FAILED", -1, "FAILED", OLD),
    ],
)
def test_what_a_lost_attempt_left_half_done_is_put_back_unless_somebody_wrote_it_since(
    idle: Pipeline, there: str, written: float, becomes: str, reason: str
) -> None:
    ask_later(LOST, phase().pk, idle.source.pk, "lost: worker died")
    SourceDebt.objects.update(made_at=NOW)
    idle.change("p", state=there, updated_at=at(written))
    assert settle() == 1
    assert (idle.row("p")["state"], idle.row("p")["last_failure_reason"]) == (becomes, reason)
    assert ours()["r/p"] == becomes


# What the source says of p: its state, minutes since we knew it last, retries beyond those that we know.
@pytest.mark.parametrize(
    ("state", "written", "retries", "here", "taken"),
    [
        ("FAILED", 1, 0, {}, True),
        ("FAILED", -1, 0, {"moved": -2}, False),
        ("FAILED", 1, 0, {"moved": 2}, False),
        ("FAILED", 1, 1, {"moved": 2}, True),
        ("FAILED", 1, 1, {"moved": 2, "failed": 2}, False),
        ("FAILED", 1, 1, {"moved": 2, "lost": 2}, True),
        ("QUEUED", 1, 0, {}, True),
        ("QUEUED", 1, 0, {"said": -1}, False),
        ("FAILED", 1, 0, {"said": -1}, True),
    ],
)
def test_a_reason_of_the_source_is_ours_if_it_was_written_for_a_failure_that_we_do_not_know(
    idle: Pipeline, state: str, written: float, retries: int, here: dict[str, float], taken: bool
) -> None:
    found = phase()
    moved = NOW + timedelta(minutes=here.get("moved", 0))
    Phase.objects.filter(pk=found.pk).update(source_changed_at=NOW, state_changed_at=moved)
    outcomes = {"failed": ("failed", "x"), "lost": ("lost", "x"), "said": ("failed", "KeyError: 7")}
    for word in outcomes.keys() & here.keys():
        outcome, error = outcomes[word]
        AttemptFactory(
            phase=found, number=9, outcome=outcome, error=error,
            finished_at=NOW + timedelta(minutes=here[word]),
        )  # fmt: skip
    idle.change(
        "p", state=state, updated_at=at(written), last_failure_reason="KeyError: 7",
        retry_attempt=found.source_attempts + retries,
    )  # fmt: skip
    row = row_now(idle.source, "r", "p")
    assert row is not None
    following._take_over(phase(), row)
    assert phase().last_failure_reason == ("KeyError: 7" if taken else OLD)


def test_the_reason_that_a_lost_attempt_wrote_itself_stands_without_words_of_ours(
    idle: Pipeline,
) -> None:
    ask_later(LOST, phase().pk, idle.source.pk, "lost: worker died")
    SourceDebt.objects.update(made_at=NOW)
    idle.change(
        "p",
        state="EXECUTING",
        updated_at=at(-1),
        last_failure_reason="KeyError: 7",
        retry_attempt=2,
    )
    settle()
    assert (idle.row("p")["state"], idle.row("p")["last_failure_reason"]) == (
        "FAILED",
        "KeyError: 7",
    )
