"""Secrets given to a phase are hidden in its output, and a password wherever it stands."""

from __future__ import annotations

import json
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.secrets import Mask, masked, secrets_of
from drain.sources.values import TEXT_LIMIT
from tests.timing import least_seconds

ENV = {
    "DATABASE_URL": "postgresql://autopack:p%40ss-w0rd!@db.example/autopack",
    "GLM_API_KEY": "glm-0123456789",
    "RUN_TYPE": "project_build",
}


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        (
            "DATABASE_URL: postgresql://autopack:p%40ss-w0rd!@db.example/autopack",
            "DATABASE_URL: postgresql://autopack:***@db.example/autopack",
        ),
        ("password is p@ss-w0rd!", "password is ***"),
        ("Authorization: Bearer glm-0123456789", "Authorization: Bearer ***"),
        ("run type project_build", "run type project_build"),
    ],
)
def test_passwords_of_addresses_and_keys_are_hidden_wherever_they_are_printed(printed, kept):
    assert Mask(secrets_of(ENV)).text(printed) == kept


def test_a_password_that_is_a_word_is_hidden_in_addresses_alone():
    mask = Mask(secrets_of({"U": "postgresql://postgres:postgres@db/x", "V": "mysql://me:pw@db"}))
    assert mask.text("postgres at postgresql://postgres:postgres@db/x") == (
        "postgres at postgresql://postgres:***@db/x"
    )
    query = Mask(secrets_of({"U": "postgresql:///x?host=db&password=pw"}))
    assert (
        query.text("postgresql:///x?host=db&password=pw") == "postgresql:///x?host=db&password=***"
    )
    assert mask.text("mysql://me:pw@db, not pwd") == "mysql://me:***@db, not pwd"


def test_without_a_secret_a_stream_is_passed_on_as_it_comes():
    mask = Mask(secrets_of({"PATH": "/bin", "EMPTY_TOKEN": ""}))
    data = b"\xff\x00"
    assert mask.feed(data) is data


@given(
    st.lists(st.sampled_from(["glm-0123456789", ":p@ss-w0rd!@", "glm-", "p@ss", "x", "\n", "é"])),
    st.lists(st.integers(0, 200)),
)
def test_however_a_stream_is_cut_it_reads_as_if_it_were_whole(words, cuts):
    text = "".join(words).encode()
    ends = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    mask = Mask(secrets_of(ENV))
    fed = b"".join(mask.feed(text[a:b]) for a, b in pairwise(ends)) + mask.rest()
    assert fed == mask.whole(text)
    assert b"glm-0123456789" not in fed
    assert b"p@ss-w0rd!" not in fed


GIVEN = {
    "GREETING": "x7-Kq!pL2m", "CI_ENV": "production", "HOME_OF_IT": "/srv/pipeline/data", "COUNT": "1234567890",
    "PORTAL": "https://portal.example/x", "SMALL": "a1b2c3d", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI", "DB_PASS": "letmein",
    "SWITCH": "true", "HOOK": "https://hooks.example/x?key=q9-Zr8tYw2&to=room", "CERT": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nend\n-----END KEY-----",
}  # fmt: skip


@pytest.mark.parametrize(
    ("how", "hidden"),
    [
        ({}, {"AWS_SECRET_ACCESS_KEY", "DB_PASS"}),
        ({"stored": GIVEN}, {"GREETING", "AWS_SECRET_ACCESS_KEY", "DB_PASS", "CERT", "HOOK"}),
        (
            {"passed": GIVEN},
            {"GREETING", "CI_ENV", "AWS_SECRET_ACCESS_KEY", "DB_PASS", "CERT", "HOOK"},
        ),
    ],
    ids=["its own", "stored in the executor", "passed on by the executor"],
)
def test_what_an_executor_gives_is_secret_unless_it_is_open_to_see(how, hidden):
    mask = Mask(secrets_of(GIVEN, **how))
    assert {
        name for name, value in GIVEN.items() if value not in mask.text(f"it is {value}!")
    } == hidden
    shown = "https://hooks.example/x?key=***&to=room" if how else GIVEN["HOOK"]
    assert mask.text(GIVEN["HOOK"]) == shown


def test_a_line_of_a_key_is_hidden_by_itself():
    mask = Mask(secrets_of(GIVEN, stored=GIVEN))
    assert mask.text("line 2: MIIEvQIBADANBgkqhkiG9w0") == "line 2: ***"


def test_a_short_line_of_a_key_is_a_word_like_any_other():
    mask = Mask(secrets_of({"DEPLOY_KEY_PASSWORD": "MIIEvQIBADANBgkqhkiG9w0\nclosing"}))
    assert mask.text("closing MIIEvQIBADANBgkqhkiG9w0") == "closing ***"


def test_a_password_in_the_query_of_an_address_is_hidden_where_it_stands_alone_too():
    mask = Mask(secrets_of({"SERVICE": "https://host/x?password=s3cret-word&a=b"}))
    assert mask.text("tried s3cret-word at host") == "tried *** at host"


def test_a_secret_is_hidden_as_json_and_addresses_write_it_and_as_it_is_meant():
    meant = 's3"cret\\of ü/ours'
    mask = Mask(secrets_of({"DB_PASSWORD": meant}))
    for text in (meant, json.dumps(meant)[1:-1], quote(meant, safe="")):
        assert mask.text(f"<{text}>") == "<***>"
    written = Mask(secrets_of({"DB_PASSWORD": quote(meant, safe="")}))
    assert written.text(f"<{meant}>") == "<***>"


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


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "password",
        "a:",
        "'\\",
        "x://a:",
        "password='",
        "postgres://a:",
        "postgres://a:b@",
        "?password=",
        "a=\\",
    ],
)
def test_a_text_as_long_as_a_reason_may_be_is_masked_in_no_time(part):
    text = part * (TEXT_LIMIT // len(part))
    assert least_seconds(lambda: masked(text), enough=1) < 1
