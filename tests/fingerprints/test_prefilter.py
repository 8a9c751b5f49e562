"""A pattern that looks for its literals first finds what the pattern alone finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.fingerprints.categories import LAST_RULES, RULES
from drain.fingerprints.prefilter import PatternSet, Prefiltered, literals
from tests.fingerprints.corpus import FAILURES, variants
from tests.fingerprints.render import texts

ALL_RULES = (*RULES, *LAST_RULES)
LINES = sorted(
    {
        line.lower()
        for text in (
            *(each.text for name in ("unseen.txt", "heldout.txt", "heldback.txt", "further.txt") for each in texts(name, 1)),
            *(next(variants(failure, 1)) for failure in FAILURES.values()),
        )
        for line in text.split("\n")
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("memory", ["memory"]),
        ("memory|disk (?:is )?full", ["disk ", "memory"]),
        (r"\bout\.of\b memory", [" memory"]),
        ("errors?|failures?", ["error", "failure"]),
        ("(?:role|table) .{0,9}x", ["role", "table"]),
        ("(?:role|table)? gone", [" gone"]),
        ("(?:role|table){0,2} gone", [" gone"]),
        ("(?!never)always", ["always"]),
        ("(?<!not )ready", ["ready"]),
        ("(?P<name>lease) of", ["lease"]),
        (r"[abc]{3}lost|\(lost\)", ["lost"]),
        ("colou?rs", ["colo"]),
        ("bo+k|bank", ["bank", "bo"]),
        ("ab|memory", ["ab", "memory"]),
        ("a|memory", None),
        (r"build \w+ (?:error|failed)", ["build "]),
        (r"(?:link|make) \w+ (?:error|failed)", ["link", "make"]),
        (r"error \w+", ["error "]),
        (r"\d{3}", None),
        ("", None),
    ],
)
def test_the_literals_of_a_pattern(pattern, wanted):
    found = literals(pattern)
    assert (found and sorted(found)) == wanted


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.name)
def test_every_rule_finds_in_real_lines_what_its_pattern_finds(rule):
    for line in LINES:
        assert str(rule.pattern.search(line)) == str(rule.pattern.pattern.search(line)), line


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_a_rule_matches_is_found(data):
    rule = data.draw(st.sampled_from(ALL_RULES))
    text = data.draw(st.from_regex(rule.pattern.pattern))
    assert rule.pattern.pattern.search(text)
    assert rule.pattern.search(text)


def test_one_look_at_a_line_leaves_out_no_pattern_that_matches_it_and_most_that_do_not():
    patterns = [rule.pattern.pattern for rule in ALL_RULES]
    index = PatternSet(patterns)
    left = matching = 0
    for line in LINES:
        numbers = index.numbers(line)
        assert numbers == sorted(set(numbers))
        matched = {number for number, pattern in enumerate(patterns) if pattern.search(line)}
        assert matched <= set(numbers), line
        left, matching = left + len(numbers), matching + len(matched)
    assert matching > len(LINES) / 10
    assert left * 4 < len(LINES) * len(patterns)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("", [2, 3]), ("out of memory", [0, 2, 3]), ("no disk", [1, 2, 3]), ("rc", [2, 3])],
)
def test_a_pattern_without_three_letters_to_go_by_is_always_looked_for(text, numbers):
    patterns = [re.compile(each) for each in ("memory", "disk|volume", "rc", r"\d\d")]
    assert PatternSet(patterns).numbers(text) == numbers


def test_most_rules_are_spared_where_none_of_their_literals_is():
    spared = [rule for rule in ALL_RULES if literals(rule.pattern.pattern.pattern)]
    assert len(spared) * 4 >= len(ALL_RULES) * 3
    assert Prefiltered(re.compile("memory")).search("a full disk") is None
