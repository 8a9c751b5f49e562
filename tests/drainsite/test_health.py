"""Health checks of a supervisor or a proxy get an answer whatever name they use,
and leave nothing in the log.
"""

from __future__ import annotations

import logging

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_a_probe_needs_no_host_name_no_https_and_no_account(caplog, address):
    strict = override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["drains.example.org"])
    with strict, caplog.at_level(logging.DEBUG):
        answer = Client().get(address, headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert caplog.records == []


def test_a_site_without_its_database_lives_and_is_not_ready(monkeypatch):
    def gone():
        raise OperationalError("no route")

    monkeypatch.setattr(connection, "cursor", gone)
    assert Client().get("/healthz").status_code == 200
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the database does not answer\n")
