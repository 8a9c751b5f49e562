"""Fingerprints reported by executors themselves, and those that are likely one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.fingerprints import fingerprint
from drain.fingerprints.likeness import ComparedFingerprint, likely_same
from drain.fingerprints.reported import ReportedError, reported_key

OURS = fingerprint("KeyError: 'lease'").key


def cause(text: str) -> ComparedFingerprint:
    made = fingerprint(text)
    return ComparedFingerprint(made.key, made.template, made.headline, made.place_known)


def traceback(message: str, function: str = "go") -> str:
    return f'Traceback (most recent call last):\n  File "/srv/app/work.py", line 3, in {function}\n    x()\n{message}\n'


def test_a_reported_fingerprint_is_the_executors_own():
    key = reported_key("local", ["pay", "declined"], OURS)
    assert len(key) == 32
    assert key == reported_key("local", ["pay", "declined"], "0" * 32)
    assert key != reported_key("ray", ["pay", "declined"], OURS)
    assert key != reported_key("local", ["paydeclined"], OURS)
    assert key != reported_key("local", ["pay", "declined", ""], OURS)


def test_default_stands_for_ours():
    assert reported_key("local", ["{{ default }}"], OURS) == OURS
    assert reported_key("local", ["{{ default }}", "eu"], OURS) != reported_key(
        "local", ["{{ default }}", "eu"], "0" * 32
    )


def test_two_ways_to_write_one_letter_are_one():
    assert reported_key("local", ["caf\u00e9"], OURS) == reported_key("local", ["cafe\u0301"], OURS)


@pytest.mark.parametrize(
    ("parts", "said"),
    [([], "1 to 8 strings"), ("text", "list of"), (["a"] * 9, "at most 8 strings, this one has 9"), (["a" * 201], "at most 200 characters, this one has 201"), ([3], "strings only, not int")],
)  # fmt: skip
def test_what_is_no_fingerprint_is_refused_in_a_sentence(parts, said):
    with pytest.raises(ReportedError, match=said):
        reported_key("local", parts, OURS)


PARTS = st.lists(st.text(max_size=60), min_size=1, max_size=8)


@given(PARTS, PARTS)
def test_other_parts_are_other_keys(one, other):
    def normal(parts: list[str]) -> list[str]:
        return [unicodedata.normalize("NFC", part) for part in parts]

    first, second = (reported_key("local", parts, OURS) for parts in (one, other))
    assert (first == second) == (normal(one) == normal(other))


def test_causes_that_differ_in_one_value_are_shown_with_why():
    one, other = (
        cause("cannot open shard s3a of the ledger"),
        cause("cannot open shard s4b of the ledger"),
    )
    assert one.key != other.key
    (found,) = likely_same([one, other, cause("cannot open the door of the ledger")])
    assert {found.one, found.other} == {one.key, other.key}
    assert "“s<n>a”" in found.why
    assert "“s<n>b”" in found.why


def test_other_names_are_other_causes():
    assert likely_same([cause("No module named 'praw'"), cause("No module named 'yaml'")]) == []
    assert (
        likely_same(
            [cause(traceback("ValueError: bad", "go")), cause(traceback("ValueError: bad", "stop"))]
        )
        == []
    )


def test_a_cause_without_its_place_is_likely_the_one_with_it():
    (found,) = likely_same([cause(traceback("ValueError: bad row")), cause("ValueError: bad row")])
    assert "place is known of one only" in found.why


def test_a_kind_of_failure_with_many_values_is_no_pair():
    many = [
        ComparedFingerprint(f"{at:032x}", f"job j{at}a failed over", f"{at:032x}", False)
        for at in range(40)
    ]
    assert likely_same(many) == []
