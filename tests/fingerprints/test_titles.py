"""Titles are what a person would write; explanations tell how a fingerprint came about."""

from __future__ import annotations

import pytest

from drain.fingerprints import explain, fingerprint
from drain.fingerprints.naming.titles import TITLE_CHARS, told_apart, wordings
from tests.fingerprints.corpus import FAILURES
from tests.fingerprints.render import texts
from tests.fingerprints.variants import variants


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: '/srv/ci-7/settings.toml'", "FileNotFoundError: [Errno 2] No such file or directory: 'settings.toml'"),
        ("ValueError: invalid literal for int() with base 10: 'delta9'", "ValueError: invalid literal for int() with base …"),
        ("TimeoutError: lease of worker-12 expired after 30s", "TimeoutError: lease of worker-… expired after …"),
        ("openai.NotFoundError: Error code: 404 - {'error': {'message': 'model: claude-3-haiku', 'type': 'x'}}", "NotFoundError: Error code: 404: model: claude-3-haiku"),
        ('{"error":{"code":9,"message":"no cart for this user"}}', "no cart for this user"),
        ("--- FAIL: TestZone/UTC (0.00s)\n    zone_test.go:20: unexpected offset 3600\n", "TestZone/UTC: zone_test.go:…: unexpected offset …"),
        ("", "no output"),
    ],
)  # fmt: skip
def test_a_title_is_type_and_message_without_values_and_the_test_first(text, title):
    assert fingerprint(text).title == title


def test_no_title_is_longer_than_a_subject_or_has_a_placeholder():
    found = [fingerprint(text.text).title for text in texts("unseen.txt", 1)]
    found += [fingerprint(next(variants(text, 1))).title for text in FAILURES.values()]
    assert all(0 < len(title) <= TITLE_CHARS for title in found)
    assert not [
        title
        for title in found
        if any(f"<{name}>" in title for name in ("n", "str", "hex", "uuid", "date"))
    ]


def test_the_place_tells_two_causes_with_one_title_apart():
    key, title, placed = "0a" * 16, "KeyError: 'x'", "KeyError: 'x' (in cart.total)"
    assert told_apart(title, "cart.total", key, ["KeyError: 'y'"]) == title
    assert told_apart(title, "cart.total", key, [title]) == placed
    assert told_apart(title, "cart.total", key, [title, placed]) == f"{title} #0a0a0a0a"
    assert told_apart(title, "", key, [title]) == f"{title} #0a0a0a0a"


@pytest.mark.parametrize("place", ["", "cart.total", "a" * 300])
@pytest.mark.parametrize("title", ["KeyError", "a" * TITLE_CHARS])
def test_what_tells_titles_apart_fits_into_them(title, place):
    for taken in ([], [title], wordings(title, place, "0a" * 16)[:2]):
        found = told_apart(title, place, "0a" * 16, taken)
        assert len(found) <= TITLE_CHARS
        assert found not in taken


@pytest.mark.parametrize("text", [text.text for text in texts("heldout.txt", 1)])
def test_an_explanation_is_of_this_very_fingerprint(text):
    told = explain(text)
    assert told.fingerprint == fingerprint(text)
    assert told.verdict.category == told.fingerprint.category
    assert sum(record.chosen for record in told.records) <= 1
    assert all(record.rules for record in told.records)


def test_an_explanation_names_the_rules_and_what_decided_the_category():
    told = explain(
        "loading\nERROR: connection to db-3.acme.io refused\nmake: *** [Makefile:7: all] Error 2\n"
    )
    chosen = next(record for record in told.records if record.chosen)
    assert (chosen.line, chosen.weight) == (2, "named")
    assert chosen.rules == ("named as an error", "the last trouble")
    assert (told.verdict.category, told.verdict.rule) == ("network", "a connection")
    assert "refused" in told.verdict.words
