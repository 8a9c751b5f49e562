"""Texts for people: durations and ages, workers, last lines, and passwords that never show."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.words import age, duration, last_line, masked, who

NOW = datetime(2025, 12, 28, 14, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (192, "3 min 12 s"),
        (timedelta(hours=6, minutes=11), "6 h 11 min"),
        (timedelta(days=4, hours=2), "4 d 02 h"),
        (-30, "−30 s"),
    ],
)
def test_a_duration_keeps_its_two_largest_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=14, seconds=5), "14 min"),
        (timedelta(seconds=-3), "0 s"),
    ],
)
def test_an_age_is_whole_and_never_negative(ago, text):
    assert age(NOW - ago, NOW) == text


def test_a_worker_is_named_by_host_and_process_and_a_person_as_it_is():
    assert who("vm/20574/285ed48e61884c12882811f95035db6d") == "vm/20574"
    assert [who(name) for name in ("olga", "os:ada@vm/1", None, "")] == [
        "olga",
        "os:ada@vm/1",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("Traceback\n  File x\nValueError: bad\n\n  ", "ValueError: bad"),
        ("one", "one"),
        ("a\r\n  b  \r\n", "b"),
        ("x" * 9000, "x" * 160),
    ],
)
def test_the_last_line_is_the_last_that_says_something_cut_to_what_a_list_shows(text, line):
    assert last_line(text) == line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:s3cret@db/x", "postgresql://ann:***@db/x"),
        ("postgresql+psycopg2://ann:p@ss/w:r?d#@db/x", "postgresql+psycopg2://ann:***@db/x"),
        ("postgres://:s3cret@db/x", "postgres://:***@db/x"),
        ("postgresql://ann@home:s3cret@db/x", "postgresql://ann@home:***@db/x"),
        ("postgresql://ann:my s3cret@db:5432/x", "postgresql://ann:***@db:5432/x"),
        ("redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"),
        (
            "postgresql://db/x?user=ann&password=s3cret&sslmode=require",
            "postgresql://db/x?user=ann&password=***&sslmode=require",
        ),
        ("postgresql://db/x?sslpassword=a'b\"c;d", "postgresql://db/x?sslpassword=***"),
        ("host=db password=s3cret dbname=x", "host=db password=*** dbname=x"),
        ("host=db password = 's3 cret' dbname=x", "host=db password = *** dbname=x"),
        (r"host=db password='it\'s s3cret' dbname=x", "host=db password=*** dbname=x"),
        (r"host=db password=s3\ cr\'et dbname=x", "host=db password=*** dbname=x"),
        ('host=db password="s3 cret" dbname=x', "host=db password=*** dbname=x"),
        ("host=db PASSWORD='open s3cret", "host=db PASSWORD=***"),
        ("PGPASSWORD=s3cret psql", "PGPASSWORD=*** psql"),
        ("DB_PASSWORD: no, MY_SECRET_KEY=s3cret", "DB_PASSWORD: no, MY_SECRET_KEY=***"),
        (
            "{'host': 'db', 'password': 's3 cret', \"token\": \"s3cret\"}",
            "{'host': 'db', 'password': ***, \"token\": ***}",
        ),
        ("https://api/x?access_token=s3cret", "https://api/x?access_token=***"),
        (
            "could not connect to 'postgresql://db/x?password=s3cret': refused",
            "could not connect to 'postgresql://db/x?password=***': refused",
        ),
    ],
)
def test_a_password_never_shows_wherever_it_stands(text, shown):
    assert masked(text) == shown
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann@db/x", "postgresql://db:5432/x", "sqlite:////data/a.sqlite3", "env:AUTOPACK", "no address at all",
        "password authentication failed for user ann", "ann@home: the password is wrong", "https://db:80/a and ann@home", "",
        "the tokenizer=fast", "http://a:1/x\nb@c",
    ],
)  # fmt: skip
def test_what_holds_no_password_stays_as_it_is(text):
    assert masked(text) == text


ODD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), max_size=20
)


@given(ODD, st.booleans())
def test_no_odd_character_lets_a_part_of_a_password_through(odd, spaced):
    secret = f"zqa{odd}zqb"
    libpq = secret.replace("\\", "\\\\").replace("'", "\\'")
    apart = libpq.replace("zqb", " zqb") if spaced else libpq
    for text in (
        f"postgresql://ann:{secret}@db/x", f"postgresql://ann:{quote(secret, safe='')}@db/x is gone",
        f"postgresql://db/x?password={quote(secret, safe='')}&user=ann", f"host=db password='{apart}' user=ann",
    ):  # fmt: skip
        shown = masked(text)
        assert "zqa" not in shown
        assert "zqb" not in shown
        assert "***" in shown
        assert "db" in shown


def test_a_text_as_long_as_an_error_may_be_is_masked_in_no_time():
    for text in (
        "a" * 20_000,
        "password" * 2_500,
        "a:" * 10_000,
        "'\\" * 10_000,
        "x://a:" * 3_000,
        "password='" * 2_000,
    ):
        began = time.process_time()
        masked(text)
        assert time.process_time() - began < 1
