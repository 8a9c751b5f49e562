"""The same failure gets the same key however it was wrapped, and another failure another key."""

from __future__ import annotations

import json

import pytest

from drain.fingerprints import Category, fingerprint
from tests.fingerprints.corpus import FAILURES
from tests.fingerprints.variants import variants, wrapped

WRAPPINGS = ("plain", "colours", "stamps", "brackets", "compose", "noise")


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_keeps_its_key_whatever_changes_around_it(name):
    texts = list(variants(FAILURES[name], len(WRAPPINGS)))
    keys = {
        how: fingerprint(wrapped(text, how)).key for how, text in zip(WRAPPINGS, texts, strict=True)
    }
    keys["json"] = fingerprint(json.dumps({"level": "error", "stderr": texts[0]})).key
    keys["bytes"] = fingerprint(texts[1].encode()).key
    assert len(set(keys.values())) == 1, keys


def test_no_two_failures_share_a_key():
    by_key: dict[str, str] = {}
    for name, text in FAILURES.items():
        key = fingerprint(next(variants(text, 1))).key
        assert key not in by_key, f"{name} and {by_key[key]}"
        by_key[key] = name


@pytest.mark.parametrize("name", FAILURES)
def test_a_template_has_the_key_it_was_made_for(name):
    first = fingerprint(next(variants(FAILURES[name], 1)))
    again = fingerprint(first.template)
    assert (again.key, again.coarse, again.template) == (first.key, first.coarse, first.template)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("missing module", Category.IMPORT),
        ("python value", Category.TYPE),
        ("python no file", Category.DISK),
        ("python subprocess timeout", Category.TIMEOUT),
        ("sqlalchemy", Category.DATABASE),
        ("openai rate", Category.RATE_LIMIT),
        ("openai key", Category.AUTH),
        ("pytest assertion", Category.ASSERTION),
        ("node heap", Category.OUT_OF_MEMORY),
        ("npm 404", Category.DEPENDENCY),
        ("gcc", Category.BUILD),
        ("eslint", Category.BUILD),
        ("jest", Category.ASSERTION),
        ("go build", Category.BUILD),
        ("curl", Category.NETWORK),
        ("segfault", Category.KILLED),
        ("deliverables", Category.DELIVERABLE),
        ("token escalation", Category.TOKEN_ESCALATION),
        ("quality gate", Category.QUALITY_GATE),
        ("phase timeout", Category.TIMEOUT),
        ("patch", Category.PATCH),
        ("requests", Category.NETWORK),
        ("terraform", Category.TYPE),
    ],
)
def test_a_failure_is_of_the_kind_people_would_say(name, category):
    assert fingerprint(next(variants(FAILURES[name], 1))).category == category


def test_a_text_without_a_word_is_unknown():
    for text in ("", " \n\t\n", b"", "\x00\x00"):
        result = fingerprint(text)
        assert (result.category, result.title) == (Category.UNKNOWN, "no output")


def test_collection_errors_are_collection_unless_an_import_is_to_blame():
    text = "=== ERRORS ===\n___ ERROR collecting tests/test_a.py ___\nE   {}\n=== short test summary info ===\nERROR tests/test_a.py\n"
    assert (
        fingerprint(text.format("fixture 'x' was called directly")).category == Category.COLLECTION
    )
    assert (
        fingerprint(text.format("ModuleNotFoundError: No module named 'praw'")).category
        == Category.IMPORT
    )


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("NO_CHANGES: the builder produced no changes", Category.NO_OP),
        ("MANIFEST_INVALID: file outside scope: src/a.py", Category.MANIFEST),
        ("Scope validation failed: loaded files outside scope.paths", Category.MANIFEST),
        ("CI collection/import error: ERROR collecting tests/test_a.py", Category.COLLECTION),
        ("SyntaxError: invalid syntax", Category.SYNTAX),
        ("exit 137, no output", Category.KILLED),
        ("git.exc.Conflict: CONFLICT (content): Merge conflict in a.py", Category.PATCH),
    ],
)
def test_a_pipelines_own_reasons_have_their_kinds(reason, category):
    assert fingerprint(reason).category == category
