"""Every masking rule: its cases bare, with words before and after, and what it must leave alone."""

from __future__ import annotations

import pytest

from drain.fingerprints import PLACEHOLDERS, mask

CASES = {
    "uuid": ("7c1811ed-e98f-4c9c-a9f9-58c757ff494f", "<uuid>"),
    "hexadecimal with 0x": ("0x7f551fb6fa90", "<hex>"),
    "commit": ("5fc35719b9cf96ec602dbc748ff31c587a46961d", "<hex>"),
    "short commit": ("a93c7d2", "<hex>"),
    "hexadecimal word": ("deadbeef", "<hex>"),
    "number": ("4711", "<n>"),
    "negative number": ("-17502", "<n>"),
    "float": ("3.25", "<n>"),
    "thousands": ("4,150,908", "<n>"),
    "version": ("12.2.0", "<n>"),
    "duration": ("1.5s", "<duration>"),
    "milliseconds": ("30000ms", "<duration>"),
    "size": ("15.3MB", "<size>"),
    "kibibytes": ("12KiB", "<size>"),
    "address": ("10.1.2.3", "<host>"),
    "address as java prints it": ("/10.1.2.3", "<host>"),
    "value with a sign": ("'a=7'", "'a=<n>'"),
    "address and port": ("10.1.2.3:8080", "<host>"),
    "sixth version address": ("2012:d157::cbe:908:2013", "<host>"),
    "localhost": ("localhost:6379", "<host>"),
    "host": ("db-3.acme.internal", "<host>"),
    "mail": ("ada+x@example.org", "<email>"),
    "web address": ("https://u:p@example.org:8443/a/b?c=d&e=1#f", "<url>"),
    "socket address": ("unix:///var/run/docker.sock", "<url>"),
    "absolute path": ("/srv/ci/build-7/out", "<path>"),
    "file": ("/srv/ci/build-7/settings.toml", "<path>/settings.toml"),
    "numbered file": ("/srv/ci/app_17.tsx", "<path>/app_<n>.tsx"),
    "temporary file": ("/tmp/tmpa8f3k2x9q.txt", "<path>"),
    "named file": ("/home/ci/.cache/x-1/Makefile", "<path>/Makefile"),
    "windows path": ("C:\\Users\\ci\\app\\main.py", "<path>/main.py"),
    "relative path": ("src/app/main.py", "<path>/main.py"),
    "file and line": ("src/app/main.py:12:7", "<path>/main.py"),
    "day": ("2026-11-22", "<date>"),
    "day and time": ("2026-11-22T13:29:20.522Z", "<date>"),
    "day and time in two": ("2026-11-22 13:29:20,522", "<date>"),
    "time": ("13:29:20", "<date>"),
    "half of day": ("11:21:12 AM", "<date>"),
    "date in words": ("Mon, 02 Jan 2006 15:04:05 -0700", "<date>"),
    "date without a time": ("Jan 18, 2019", "<date>"),
    "javascript's date": ("Mon Jan 02 2006 14:04:05 GMT+0800", "<date>"),
    "compact date": ("20240220 11:55:33.546593", "<date>"),
    "date object": ("datetime.datetime(2025, 6, 24, 18, 33, 0, 447640)", "<date>"),
    "prefixed identity": ("run-f65e7b6c", "run-<hex>"),
    "numbered name": ("worker-12", "worker-<n>"),
    "random word": ("k9Mtd2gDcgG", "<id>"),
    "request id": ("req_011CVmxM2qe9gT4kQwN7dUxK", "req_<id>"),
    "transaction of swift": ("tx274a77a8975c4a66aeb24-0052d95365-cluster01", "<id>"),
    "value after equals": ("host='10.1.2.3'", "host=<str>"),
    "truth after equals": ("retry=True", "retry=<bool>"),
    "quoted number": ("'42'", "'<n>'"),
    "quoted value with spaces": ("'x 17 y'", "'<str>'"),
    "quoted identity": ("\"dog_id\": \"greatdog1231\"", "\"dog_id\": \"<id>\""),
    "long blob": ("Q" * 500, "<any>"),
    "object": ("<app.Run object at 0x7f0>", "<app.Run object at <hex>>"),
}  # fmt: skip

KEPT = (
    "No module named 'praw'",
    "No module named 'autopack.coverage_tracker'",
    'unique constraint "index_bookmarks_unique"',
    "exit code 137",
    "exited with status: 2",
    "[Errno 111] Connection refused",
    "Error code: 404",
    "HTTP/1.1 502",
    "signal 9",
    "error TS2322",
    "curl: (22)",
    "model: claude-3-5-sonnet-20241022",
    "'model': 'gpt-9 large'",
    "'message': 'model: claude-3-haiku'",
    "Could not resolve host: github.com",
    "utf-8 and sha256 and ipv6",
    "9af and deadbee",
    "true or TCP/IP and/or n/a",
    "std::vector Bee::buzz()",
    "can't and won't",
    "a = true",
    "b=\"value'",
    "asyncio.exceptions.TimeoutError",
    "x < 3 and <html> <class 'ValueError'>".replace("3", "y"),
)


@pytest.mark.parametrize("name", CASES)
def test_a_changing_part_is_masked_wherever_it_stands(name):
    given, expected = CASES[name]
    assert mask(given) == expected
    assert mask(f"it broke: {given}") == f"it broke: {expected}"
    assert mask(f"it broke: {given} again") == f"it broke: {expected} again"


@pytest.mark.parametrize("name", CASES)
def test_masking_what_is_masked_changes_nothing(name):
    once = mask(CASES[name][0])
    assert mask(once) == once


@pytest.mark.parametrize("text", KEPT)
def test_what_names_the_cause_stays(text):
    assert mask(text) == text


def test_sentences_in_quotes_are_read_and_values_in_quotes_are_not():
    said = '"This model\'s maximum context length is 4097 tokens"'
    assert mask(said) == said.replace("4097", "<n>")
    assert mask("'cd /srv/x; exit'") == "'<str>'"


def test_keys_of_objects_stay_and_their_truths_go():
    assert mask('{"dogs are great": true}') == '{"dogs are great": <bool>}'


def test_ids_are_only_what_is_named_so():
    assert mask("said '1a2b'") == "said '<hex>'"
    assert mask("avoid: 'x17'") == "avoid: 'x<n>'"


def test_every_placeholder_stays_as_it_is():
    text = " ".join(f"<{name}>" for name in sorted(PLACEHOLDERS))
    assert mask(text) == text


def test_white_space_is_one_space_and_long_messages_end():
    assert mask(" a \n\t b ") == "a b"
    assert len(mask("word " * 10_000)) <= 2_000
