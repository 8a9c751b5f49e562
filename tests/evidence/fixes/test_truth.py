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


@pytest.mark.verify
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", truth.SCENARIOS, ids=lambda one: one.name)
def test_at_most_four_sentences_of_a_thousand_are_false(scenario):
    told, false = truth.play(scenario, 1000)
    assert max(false[name] for name in GREEN) <= 4
    if scenario in FIXES:
        assert told[truth.WORKS] >= 950
