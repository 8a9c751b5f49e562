"""Backlogs with known truth: what is said of their fixes is true, in a small part here, in full in verify."""

from __future__ import annotations

import pytest

from bench import truth

FIXES = [one for one in truth.SCENARIOS if one.name.startswith("real")]
GREEN = (truth.WORKS, truth.RESOLVED, truth.SEEN)


@pytest.mark.parametrize("scenario", truth.SCENARIOS, ids=lambda one: one.name)
def test_nothing_green_is_false_in_a_few_backlogs(scenario):
    _told, false = truth.play(scenario, 12, seed=5)
    assert not any(false[name] for name in GREEN)


def test_a_real_fix_is_named_in_most_of_a_few_backlogs():
    told, _ = truth.play(FIXES[0], 12, seed=5)
    assert told[truth.WORKS] >= 10


def test_the_old_rule_is_caught_by_the_same_backlogs():
    placebo = next(one for one in truth.SCENARIOS if one.name == "placebo")
    _, false = truth.play(placebo, 12, seed=5)
    assert false["old better"] == 12


@pytest.mark.parametrize("name", [name for name, _, _ in truth.COMPARISONS])
def test_two_sides_are_not_called_better_or_worse_where_nothing_changed(name):
    told, false = truth.play_comparison(name, 12)
    assert false[truth.BETTER] == false[truth.WORSE] == 0
    if name == truth.COMPARISONS[0][0]:
        assert told[truth.BETTER] == 12


def test_counting_every_attempt_for_itself_is_caught_by_the_same_sides():
    _, false = truth.play_comparison("nothing changed; whole runs end alike", 12)
    assert false[f"old {truth.BETTER}"] > 3
    _, false = truth.play_comparison("nothing changed; events in bursts", 12)
    assert false[f"old {truth.MORE}"] > 3


@pytest.mark.verify
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, _, _ in truth.COMPARISONS])
def test_at_most_four_comparisons_of_a_thousand_say_what_is_not_so(name):
    told, false = truth.play_comparison(name, 1000)
    assert max(false[truth.BETTER], false[truth.WORSE]) <= 4
    if name == truth.COMPARISONS[0][0]:
        assert told[truth.BETTER] >= 950


@pytest.mark.verify
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", truth.SCENARIOS, ids=lambda one: one.name)
def test_at_most_four_sentences_of_a_thousand_are_false(scenario):
    told, false = truth.play(scenario, 1000)
    assert max(false[name] for name in GREEN) <= 4
    if scenario in FIXES:
        assert told[truth.WORKS] >= 950
