"""Decisions about stored fingerprints at a terminal are those of the pages, over the same verbs."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drain.evidence.fingerprints.aliases import resolve_keys
from drain.models import AuditEvent, FingerprintSplit
from tests.factories import FingerprintFactory

pytestmark = pytest.mark.django_db
ONE, OTHER = "1a" * 16, "2b" * 16


def said(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("fingerprint", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _two(db: None) -> None:
    for key in (ONE, OTHER):
        FingerprintFactory(key=key, title=f"cause {key[0]}")


def test_a_merge_and_its_undoing_with_the_beginnings_of_keys():
    assert (
        said("merge", ONE[:8], OTHER, reason="the same")
        == f"{ONE} cause 1: merged into {OTHER} cause 2.\n"
    )
    assert resolve_keys([ONE]) == {ONE: OTHER}
    assert "of its own again" in said("unmerge", ONE)
    assert resolve_keys([ONE]) == {ONE: ONE}
    events = AuditEvent.objects.order_by("pk")
    assert [(event.verb, event.origin, event.reason) for event in events] == [
        ("merge", "command", "the same"),
        ("unmerge", "command", ""),
    ]


def test_a_split():
    line = said("split", ONE, by="place", value="cart.total", reason="two teams")
    assert line.startswith(FingerprintSplit.objects.get().part.key)
    assert line.endswith(f"cause 1 [place cart.total]: split off from {ONE}.\n")


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (["merge", ONE], {}, "merge takes 2 keys; a file of that name is ./merge"),
        (["unmerge", ONE, OTHER], {}, "unmerge takes 1 key;"),
        (["unmerge", ONE], {}, "merged into no other one: nothing changed"),
        (["merge", ONE, ONE], {}, "into another one that exists"),
        (["merge", ONE, "3c3c3c3c"], {}, "No fingerprint begins with “3c3c3c3c”"),
        (["merge", ONE, "2b2"], {}, "at least 6 characters"),
        (["split", ONE], {}, "split needs --by and --value"),
        (["merge", ONE, OTHER], {"by": "place", "value": "x"}, "which no other verb takes"),
        (["a.log", "b.log"], {}, "Give one file"),
        (["a.log"], {"by": "place"}, "Give one file"),
    ],
)
def test_what_cannot_be_decided_changes_nothing_and_says_why(arguments, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        said(*arguments, **options)
    assert not AuditEvent.objects.exists()


def test_a_beginning_that_two_keys_share_names_none():
    FingerprintFactory(key=ONE[:30] + "ff")
    with pytest.raises(CommandError, match="Several fingerprints begin with"):
        said("unmerge", ONE[:30])


def test_a_merge_that_was_made_is_not_made_twice():
    said("merge", ONE, OTHER)
    with pytest.raises(CommandError, match="is merged already: unmerge it first"):
        said("merge", ONE, OTHER)
