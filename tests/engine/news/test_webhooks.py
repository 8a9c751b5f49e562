"""Webhooks go to public addresses only, and neither their secrets nor their paths are written down where
people look.
"""

from __future__ import annotations

import socket

import pytest
from django.core import serializers
from django.core.management import call_command

from drain.engine.errors import EngineError
from drain.engine.news.addresses import AddressError, parse, resolve_host
from drain.engine.news.webhooks import (
    add_webhook,
    change_webhook,
    described,
    find_webhook,
    remove_webhook,
    renew_secret,
    secret_of,
)
from drain.models import AuditEvent, Webhook
from tests.engine.news.conftest import ANN, KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def names(monkeypatch):
    """The addresses that each name resolves to."""
    known: dict[str, list[str]] = {"hooks.example.org": ["93.184.216.34"]}

    def found(host, port, *_, **__):
        if host not in known:
            raise socket.gaierror(-2, "unknown")
        return [(0, 0, 0, "", (each, port)) for each in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://hooks.example.org/", "begins with https://"),
        ("hooks.example.org/x", "begins with https://"),
        ("https:///x", "begins with https://"),
        ("https://ann:pw@hooks.example.org/", "a user or a password"),
        ("https://ann@hooks.example.org/", "a user or a password"),
        (f"https://{'a' * 64}.example.org/", "^This is no address"),
        ("https://hooks.example.org:99999/", "no address"),
        ("https://hooks.example.org:0/", "port"),
        ("https://hooks.example.org/a\r\nX: y", "space or a control character"),
        ("https://hooks.example.org/ü", "%xx"),
        ("https://hooks.example.org/" + "x" * 2000, "up to 2,000"),
        ("https://[::1/", "no address"),
        ("http://hooks.example.org/", "plain http"),
        ("https://unknown.example.org/", "has no address"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_a_sentence(names, url, sentence):
    with pytest.raises(AddressError, match=sentence):
        resolve_host(parse(url))
    with pytest.raises(EngineError):
        add_webhook("x", url, KINDS, ANN)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "2002:a00:1::", "2002:5db8:d822::", "ff02::1", "::", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "fd00:ec2::254",
        "5f00::1", "3fff::1", "4000::1", "2001:0:a00:1::", "192.0.0.8", "192.88.99.1", "198.18.0.1", "240.0.0.1",
    ],
)  # fmt: skip
def test_no_message_goes_to_an_address_that_is_not_public(names, settings, address):
    names["inside.example.org"] = ["93.184.216.34", address]
    with pytest.raises(AddressError, match="not a public address"):
        resolve_host(parse("https://inside.example.org/"))
    settings.DRAIN_WEBHOOK_NETWORKS = ["0.0.0.0/0", "::/0"]
    assert resolve_host(parse("http://inside.example.org/")) == "93.184.216.34"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_a_public_address_is_gone_to(names, address):
    names["public.example.org"] = [address]
    assert resolve_host(parse("https://public.example.org/")) == address


@pytest.mark.parametrize(
    "url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://[::1]:22/", "https://①②⑦.⓪.⓪.①/"]
)  # fmt: skip
def test_an_address_written_in_another_way_is_the_same_address(url):
    with pytest.raises(AddressError, match="not a public address"):
        resolve_host(parse(url))


def test_a_network_of_ones_own_is_named_by_a_setting_and_no_other_is(names, settings):
    settings.DRAIN_WEBHOOK_NETWORKS = ["10.0.0.0/8"]
    names["mine"], names["theirs"] = ["10.0.0.7"], ["192.168.0.7"]
    assert resolve_host(parse("http://mine:8080/x")) == "10.0.0.7"
    with pytest.raises(AddressError, match=r"192\.168\.0\.7"):
        resolve_host(parse("http://theirs/"))


def test_the_secret_is_told_once_and_stands_nowhere(names):
    made, secret = add_webhook(
        "ops", "https://hooks.example.org/T0/B1/path-key?token=q", KINDS, ANN
    )
    _, renewed = renew_secret("ops", ANN, "a test")
    change_webhook("ops", ANN, active=False)
    dumped = serializers.serialize("json", [*Webhook.objects.all(), *AuditEvent.objects.all()])
    audit = serializers.serialize("json", AuditEvent.objects.all())
    for each in (secret, renewed):
        assert each.startswith("drain_hook_")
        assert each not in dumped
    for key in ("path-key", "token=q"):
        assert key not in audit
        assert key not in str(described(made))
    assert described(made)["address"] == "https://hooks.example.org/…"
    assert secret_of(find_webhook("ops")) == renewed
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["webhook.add", "webhook.renew", "webhook.change"]


def test_names_and_kinds_are_checked_and_a_refusal_changes_nothing(names):
    url = "https://hooks.example.org/"
    add_webhook("ops", url, KINDS, ANN)
    for name, kinds, sentence in (
        ("ops", KINDS, "already"),
        ("", KINDS, "needs a name"),
        ("b", ["nonsense"], "There is no news called"),
        ("b", [], "Say what it shall hear of"),
    ):
        with pytest.raises(EngineError, match=sentence):
            add_webhook(name, url, kinds, ANN)
    with pytest.raises(EngineError, match="there are: ops"):
        remove_webhook("nobody", ANN, "x")
    with pytest.raises(EngineError):
        remove_webhook("ops", ANN, "")
    assert Webhook.objects.count() == AuditEvent.objects.count() == 1
    remove_webhook("ops", ANN, "gone")
    assert (
        AuditEvent.objects.get(verb="webhook.remove").old["address"] == "https://hooks.example.org"
    )


def test_no_command_prints_a_path_or_an_old_secret(names, capsys):
    call_command(
        "webhook", "add", "ops", "https://hooks.example.org/path-key", "--event", "host.silent"
    )
    printed = capsys.readouterr().out
    secret = printed.strip().rpartition(" ")[2]
    assert secret == secret_of(find_webhook("ops"))
    call_command("webhook", "list")
    call_command("webhook", "list", "--json")
    call_command("webhook", "set", "ops", "--off", "--json")
    printed = capsys.readouterr().out
    assert "path-key" not in printed
    assert secret not in printed
    assert '"active": false' in printed
