"""What a phase was given in confidence is hidden in what it prints."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.secrets import Mask, secrets_of

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
