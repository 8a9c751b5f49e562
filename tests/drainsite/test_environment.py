"""Variables of the environment, and the answers to wrong values."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from drainsite import environment


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hidden@[::1:5/x", "postgresql://u:hidden@h:port/x", "mysql://u:hidden@h/x"],
)
def test_an_address_of_a_database_that_cannot_be_read_is_one_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"write postgresql|must name") as refused:
        environment.database(tmp_path)
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_connection_over_tcp_notices_within_a_third_of_a_lease_that_its_other_end_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DRAIN_LEASE_SECONDS", "30")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/x")
    said = environment.database(tmp_path)["OPTIONS"]
    assert (said["connect_timeout"], said["tcp_user_timeout"]) == (10, 10_000)
    probes = said["keepalives_idle"] + said["keepalives_interval"] * said["keepalives_count"]
    assert said["keepalives"] == 1
    assert probes <= 10
    assert "-c tcp_user_timeout=10000" in said["options"]


def test_what_the_address_says_about_its_connection_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://u:p@h/x?connect_timeout=77&tcp_user_timeout=5&keepalives=0"
    )
    said = environment.database(tmp_path)["OPTIONS"]
    found = {
        name: str(said[name]) for name in ("connect_timeout", "tcp_user_timeout", "keepalives")
    }
    assert found == {"connect_timeout": "77", "tcp_user_timeout": "5", "keepalives": "0"}


def test_a_mail_server_is_read_with_its_password_and_never_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert environment.email() == {}
    monkeypatch.setenv("DRAIN_EMAIL_URL", "smtp://ann:p%40ss@mail.example.org:2525?tls=True")
    found = environment.email()
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.org", 2525)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("ann", "p@ss")
    assert found["EMAIL_USE_TLS"] is True
    assert found["EMAIL_TIMEOUT"] == environment.MAIL_SECONDS
    monkeypatch.setenv("DRAIN_EMAIL_URL", "smtp://ann:x@mail.example.org:465?ssl=True&timeout=3")
    assert environment.email()["EMAIL_USE_SSL"] is True
    assert environment.email()["EMAIL_TIMEOUT"] == 3
    monkeypatch.setenv("DRAIN_EMAIL_URL", "submission://ann:x@mail.example.org:587")
    assert environment.email()["EMAIL_USE_TLS"] is True


@pytest.mark.parametrize("url", ["smtp://ann:hidden@mail:port", "gopher://ann:hidden@mail"])
def test_a_mail_server_that_cannot_be_read_is_one_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DRAIN_EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match="submission://") as refused:
        environment.email()
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("password", ["p@ss/hidden", "p#hidden", "hidden/", "hid?den/en#"])
def test_a_password_with_signs_of_an_address_in_it_is_refused_with_how_they_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, password: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{password}@h/x")
    with pytest.raises(ImproperlyConfigured, match=r"cannot be read: .*%40 .*%2F .*%23") as refused:
        environment.database(tmp_path)
    assert "hid" not in str(refused.value)


def test_an_address_without_a_database_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for url in ("postgresql://u:p@h/", "postgresql://u:p@h"):
        monkeypatch.setenv("DATABASE_URL", url)
        with pytest.raises(ImproperlyConfigured, match="names no database: write postgresql"):
            environment.database(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://?service=drains")
    assert environment.database(tmp_path)["OPTIONS"]["service"] == "drains"


def test_a_path_that_is_too_long_is_not_repeated_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DRAINSITE_DATA", str(tmp_path) + f"/{'y' * 200}" * 30)
    with pytest.raises(
        ImproperlyConfigured, match=r"File name too long.*DRAINSITE_DATA"
    ) as refused:
        environment.make_data_dir(environment.data_dir())
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hid#den@h:1/0",
        "redis://:hid/den@h:1/0",
        "redis://:hid?den@h:1/0",
        "redis://:hidden@h:port/0",
    ],
)
def test_a_broker_that_cannot_be_read_is_one_sentence_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"DRAIN_BROKER_URL .*%40 .*%23") as refused:
        environment.with_timeouts(url)
    assert "hid" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert "hid%23den" in environment.with_timeouts("redis://:hid%23den@h:1/0")


def test_chats_without_the_packages_that_speak_to_them_are_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing else is said of it later, when somebody waits for news that cannot come."""
    monkeypatch.setenv("DRAIN_CHAT_SERVICES", "slack")
    monkeypatch.setattr(environment, "find_spec", lambda name: None if name == "apprise" else name)
    with pytest.raises(
        ImproperlyConfigured,
        match=r"^DRAIN_CHAT_SERVICES is set to slack, .*apprise.*drainsite\[chat\]",
    ):
        environment.chat_services()
    monkeypatch.setattr(environment, "find_spec", lambda name: name)
    assert environment.chat_services() == ["slack"]
    monkeypatch.delenv("DRAIN_CHAT_SERVICES")
    monkeypatch.setattr(environment, "find_spec", lambda _: None)
    assert environment.chat_services() == []
