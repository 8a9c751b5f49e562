"""Promises for any text: never an error, safe output, the same key for the same failure."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from drain.fingerprints import VERSION, Category, error_region, fingerprint, mask

NAMES = st.from_regex(r"[a-z]{3,12}(_[a-z]{3,8})?", fullmatch=True)
TYPES = st.from_regex(r"[A-Z][a-z]{3,12}(Error|Exception)", fullmatch=True)
NUMBERS = st.integers(1, 10**6)
# Pieces that readers and masks look for, in any order: far more telling than random characters.
PIECES = st.sampled_from(
    ["Traceback (most recent call last):\n", '  File "/a/b.py", line 3, in go\n', "KeyError: 'x'\n", "\n", " ", "    at f (a:1:2)\n",
     "panic: x\n", "goroutine 1 [running]:\n", "thread 'a' panicked at src/a.rs:1:2:\n", "E   assert 1\n", "FAILED a.py::b - c\n",
     "= FAILURES =\n", "ERROR collecting a.py\n", "npm ERR! code E1\n", "CMake Error at x:1 (y):\n", "Caused by: a.B: c\n", "error: x\n",
     "\nin a.b", "\ncaused by X: y", "<n>", "<path>/a", "/", "\\", "'", '"', "=", "12:30:01 ", "2026-01-01", "0x1f", "a@b.c", "x | ",
     "+ Exception Group Traceback (most recent call last):\n", "  | ", '{"error": "x"}\n', "\x1b[31m", "\r\n", "\u202e", "\ud800"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(), st.binary(), st.lists(st.one_of(PIECES, st.text(max_size=8))).map("".join)
)


def traceback(folder="/srv/app", line=12, kind="RuntimeError", message="it broke", function="go"):
    return f'Traceback (most recent call last):\n  File "{folder}/work.py", line {line}, in {function}\n    x()\n{kind}: {message}\n'


def key(**parts):
    return fingerprint(traceback(**parts)).key


@given(TEXTS)
@settings(max_examples=400, deadline=None)
@example("\ud800")
@example("a\nin b\ncaused by c")
def test_any_text_has_a_fingerprint_that_is_safe_to_show_and_store(text):
    result = fingerprint(text)
    for value in (result.key, result.coarse, result.fine):
        assert len(value) == 32
        assert set(value) <= set("0123456789abcdef")
    assert 0 < len(result.title) <= 120
    assert len(result.template) <= 4_000
    assert Category(result.category)
    assert result.version == VERSION
    unsafe = {
        c
        for c in result.title + result.template.replace("\n", "")
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert not unsafe


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_a_template_is_its_own_template(text):
    first = fingerprint(text)
    again = fingerprint(first.template)
    assert (again.template, again.key) == (first.template, first.key)


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=8))).map("".join)))
@settings(max_examples=400, deadline=None)
@example('"²0-')
@example("localhost5 is down")
@example("b.com7 answered ok=False2")
@example(":\\b.m1- is gone")
def test_masking_twice_is_masking_once(text):
    assert mask(mask(text)) == mask(text)


@given(st.sampled_from(["/srv/a", "C:\\ci\\x", "/home/ada/w", "/builds/7/q"]), NUMBERS, NUMBERS)
def test_lines_and_folders_are_no_part_of_a_key(folder, line, other):
    assert key(folder=folder, line=line) == key(line=other)


@given(st.uuids(), st.integers(2**31, 2**47), NUMBERS, st.datetimes())
def test_ids_addresses_numbers_and_times_are_no_part_of_a_key(identity, address, number, moment):
    message = "run {} at 0x{:x} gave {} at {}"
    one = message.format(identity, address, number, f"{moment:%H:%M:%S}")
    assert key(message=one) == key(
        message=message.format("7c1811ed-e98f-4c9c-a9f9-58c757ff494f", 2**40, 3, "10:20:30")
    )


@given(NAMES, NAMES)
def test_other_modules_and_constraints_are_other_failures(one, other):
    for message in (
        "No module named '{}'",
        'duplicate key value violates unique constraint "{}"',
        "cannot import name '{}'",
    ):
        same = key(message=message.format(one)) == key(message=message.format(other))
        assert same == (one == other)


@given(TYPES, TYPES)
def test_other_types_are_other_failures_at_every_level(one, other):
    first, second = fingerprint(traceback(kind=one)), fingerprint(traceback(kind=other))
    assert (first.key == second.key) == (one == other)
    assert (first.coarse == second.coarse) == (one == other)


@given(NAMES, NAMES)
def test_the_place_counts_where_the_message_does_not_name_the_cause(one, other):
    assert (key(function=one) == key(function=other)) == (one == other)
    imports = {"kind": "ModuleNotFoundError", "message": "No module named 'praw'"}
    assert key(function=one, **imports) == key(function=other, **imports)
    fine = [fingerprint(traceback(function=name, **imports)).fine for name in (one, other)]
    assert (fine[0] == fine[1]) == (one == other)


@given(NAMES, NAMES, NUMBERS)
def test_a_headline_is_one_wherever_it_was_met_and_says_whether_the_place_is_known(
    one, other, number
):
    here = fingerprint(traceback(function=one, message=f"row {number} is bad"))
    there = fingerprint(traceback(function=other, message="row 7 is bad"))
    bare = fingerprint("RuntimeError: row 12 is bad")
    assert here.headline == there.headline == bare.headline
    assert (here.place_known, there.place_known, bare.place_known) == (True, True, False)
    assert fingerprint(traceback(message="column 7 is bad")).headline != bare.headline


@given(st.text(max_size=300), st.integers(1, 400))
@settings(deadline=None)
def test_a_region_is_never_longer_than_asked_for(text, limit):
    region = error_region(text * 5, limit)
    assert len(region) <= limit
    assert len(text * 5) > limit or region == text * 5
