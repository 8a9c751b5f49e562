"""A pattern that looks for its literals first finds what the pattern alone finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.fingerprints.evidence import LAST_RULES, RULES
from drain.fingerprints.prefilter import PatternSet, Prefiltered, literals
from tests.fingerprints.corpus import FAILURES
from tests.fingerprints.render import texts
from tests.fingerprints.variants import variants

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
def test_every_rule_matches_the_real_lines_that_its_pattern_matches(rule):
    pattern = re.compile(rule.pattern.source)
    for line in LINES:
        found = rule.pattern.search(line)
        assert bool(found) == bool(pattern.search(line)), line
        assert found in line


PARTS = [
    (rule, each.pattern)
    for rule in ALL_RULES
    for each in rule.pattern.alternatives
    if each.pattern is not None
]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_a_rule_matches_is_found(data):
    rule, pattern = data.draw(st.sampled_from(PARTS))
    text = data.draw(st.from_regex(pattern))
    assert re.search(rule.pattern.source, text)
    assert rule.pattern.search(text)


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("a disk|b?c|e[fg]", "eg bc", "bc"),
        ("a|b", "b", "b"),
        ("(?:a|b)c|d", "bc", "bc"),
        (r"\||x[|)]y", "x)y", "x)y"),
        (r"no \(space\)|lost", "no (space)", "no (space)"),
        (r"^lost|\bgone$", "lost", "lost"),
        (r"^lost|\bgone$", "it was lost", ""),
        ("lost|gone", "found", ""),
    ],
)
def test_a_pattern_is_its_alternatives(source, text, found):
    assert Prefiltered(source).search(text) == found


def test_one_look_at_a_line_tells_every_pattern_that_matches_it_and_asks_few_that_do_not():
    patterns = [rule.pattern for rule in ALL_RULES]
    index = PatternSet(patterns)
    alternatives = sum(len(each.alternatives) for each in patterns)
    asked = matching = 0
    for line in LINES:
        told = [number for number, _ in index.matching(line)]
        assert told == sorted(told)
        matched = {number for number, pattern in enumerate(patterns) if pattern.search(line)}
        assert set(told) == matched, line
        asked, matching = asked + len(index.asked(line)), matching + len(matched)
    assert matching > len(LINES) / 10
    assert asked * 20 < len(LINES) * alternatives


@pytest.mark.parametrize(
    ("text", "places"),
    [("", [3, 4]), ("out of memory", [0, 3, 4]), ("no disk", [1, 3, 4]), ("rc", [3, 4])],
)
def test_an_alternative_without_three_letters_to_go_by_is_always_asked(text, places):
    patterns = [Prefiltered(each) for each in ("memory", "disk|volume", "rc", r"\d\d")]
    assert PatternSet(patterns).asked(text) == places


def test_most_alternatives_are_spared_where_none_of_their_literals_is():
    every = [each for rule in ALL_RULES for each in rule.pattern.alternatives]
    assert sum(each.literals is not None for each in every) * 20 >= len(every) * 19
    assert Prefiltered("memory").search("a full disk") == ""
