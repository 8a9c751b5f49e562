"""Addresses of sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from drain.policy.secrets import masked
from drain.sources.errors import SourceError
from drain.sources.urls import absolute, locate, resolve


def test_an_environment_reference_is_resolved_when_used():
    assert resolve("env:A", {"A": "sqlite:////x"}) == "sqlite:////x"
    with pytest.raises(SourceError, match="the environment has no A"):
        resolve("env:A", {})
    with pytest.raises(SourceError, match="not another"):
        resolve("env:A", {"A": "env:B"})


def test_a_relative_file_becomes_absolute_before_it_is_stored(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///a.sqlite3") == f"sqlite:///{tmp_path}/a.sqlite3"
    assert locate("sqlite:////x/a%20b.sqlite3").path == Path("/x/a b.sqlite3")
    assert absolute("env:A") == "env:A"


@pytest.mark.parametrize(
    "url",
    ["", "mysql://x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "/x/y", "sqlite:////a\0b"],
)
def test_other_addresses_are_refused_with_a_sentence(url):
    with pytest.raises(SourceError) as refused:
        locate(url)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("driver", ["+psycopg2", "+psycopg", ""])
def test_an_address_with_a_driver_of_sqlalchemy_is_read_and_given_on_as_it_is(driver):
    written = f"postgresql{driver}://ada:pw@db/autopack"
    location = locate(written)
    assert location.url == "postgresql://ada:pw@db/autopack"
    assert location.address == absolute(written) == written
    assert "pw" not in masked(written)
