"""Words that pipelines use of their own rules name the kind of a failure."""

from __future__ import annotations

import pytest

from drain.fingerprints.categories import categorise
from drain.fingerprints.model import Category
from drain.policy.selection.order import category_rank


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("Manifest check failed: file src/a.py is not listed in the manifest", Category.MANIFEST),
        ("manifest mismatch: expected 3 files, got 2", Category.MANIFEST),
        ("The change is not in the manifest of its phase", Category.MANIFEST),
        ("manifest for nginx:9 not found: manifest unknown", Category.DEPENDENCY),
        ("FileNotFoundError: no such file manifest.json", Category.DISK),
    ],
)
def test_a_manifest_that_did_not_hold_is_told_from_one_that_is_missing(reason, category):
    assert categorise("", reason).category == category


def test_a_manifest_is_drained_where_patches_are():
    assert category_rank(Category.MANIFEST) == category_rank(Category.PATCH)
