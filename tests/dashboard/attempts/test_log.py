"""The log of an attempt: shown safely, searched whole, saved as it is."""

from __future__ import annotations

import zlib
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from drain.dashboard.attempts import log as viewer
from drain.models.roles import Role
from drain.policy.remote import Remote
from tests.dashboard.people import signed_in
from tests.factories import AttemptFactory

pytestmark = pytest.mark.django_db
EVIL = "\x1b[31m<script>alert(1)</script>\x1b[0m"


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def logged(text: str):
    return AttemptFactory(log_inline=zlib.compress(text.encode()), log_bytes=len(text))


def page(client, attempt, query=""):
    return client.get(f"/attempts/{attempt.pk}/log/{query}").content.decode()


def test_what_was_printed_is_shown_in_colour_and_inert(client):
    attempt = logged(f"$ pytest\n{EVIL}\n" + '\x1b[32m"><img src=x onerror=y>\x1b[0m\n')
    attempt.command = ["python", EVIL]
    attempt.save()
    found = page(client, attempt)
    assert '<span class="ansi-red">&lt;script&gt;' in found
    assert '<span class="ansi-green">&#34;&gt;&lt;img src=x onerror=y&gt;</span>' in found
    assert "<script>alert" not in found
    assert "<img" not in found
    assert " style=" not in found


def test_a_log_s_lines_stand_one_below_the_other_without_a_space_between(client):
    found = page(client, logged("one\n\x1b[31mtwo\x1b[0m three\n"))
    assert (
        '<code class="log-lines"><span class="log-line" id="L1"><a href="#L1">1</a>one</span>'
        '<span class="log-line" id="L2"><a href="#L2">2</a><span class="ansi-red">two</span> three</span></code>'
    ) in found


def test_a_search_names_the_lines_and_marks_the_words(client):
    attempt = logged("".join(f"line {number} <b>\n" for number in range(5000)))
    found = page(client, attempt, "?q=LINE 4321")
    assert "1 of 5,000 lines hold" in found
    assert "<mark>line 4321</mark> &lt;b&gt;" in found
    assert f"/attempts/{attempt.pk}/log/?at=4322#L4322" in found
    assert 'id="L4322"' in page(client, attempt, "?at=4322")
    assert "No line holds these words" in page(client, attempt, "?q=<script>")


def test_a_long_log_opens_at_its_end_and_leads_back(client, monkeypatch):
    monkeypatch.setattr(viewer, "SHOWN", 10)
    attempt = logged("".join(f"line {number}\n" for number in range(1, 101)))
    found = page(client, attempt)
    assert "lines 91–100 of 100" in found
    assert "line 90<" not in found
    assert "?at=86" in found
    assert "lines 81–90 of 100" in page(client, attempt, "?at=86")
    assert "lines 1–10 of 100" in page(client, attempt, "?at=1")
    assert "lines 95–100 of 100" in page(client, attempt, "?at=999999")


def test_a_log_that_lost_its_end_or_all_of_it_is_not_said_to_be_empty(client):
    name = storages["attempt_logs"].save("short.log", ContentFile(b"line\n" * 1000))
    attempt = AttemptFactory(log_name=name, log_bytes=5000)
    assert "lines 501–1,000 of 1,000" in page(client, attempt)
    with storages["attempt_logs"].open(name, "r+b") as kept:
        kept.truncate(100)
    assert "not in the storage any more" in page(client, attempt)
    storages["attempt_logs"].delete(name)
    assert "lines hold" not in page(client, attempt, "?q=line")


def test_the_file_is_only_ever_saved(client):
    attempt = logged("<html>\x00\n")
    answer = client.get(f"/attempts/{attempt.pk}/log.txt")
    assert b"".join(answer.streaming_content) == b"<html>\x00\n"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="attempt-{attempt.pk}.log"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_log_in_the_storage_and_one_that_the_storage_lost(client):
    name = storages["attempt_logs"].save("test/kept.log", ContentFile(b"kept line\n"))
    attempt = AttemptFactory(log_name=name, log_bytes=10)
    assert "kept line" in page(client, attempt)
    storages["attempt_logs"].delete(name)
    assert "not in the storage any more" in page(client, attempt)
    assert client.get(f"/attempts/{attempt.pk}/log.txt").status_code == 404


def test_an_attempt_at_a_service_names_its_job_and_where_it_runs(client):
    remote = Remote("http", "https://jobs.example/api/jobs?queue=slow").to_json()
    lease = uuid4()
    attempt = AttemptFactory(lease=lease, remote=remote)
    found = page(client, attempt)
    assert f"drainsite-{lease.hex} at https://jobs.example</span>" in found
    assert "job drainsite" not in page(client, AttemptFactory(lease=uuid4()))


def test_a_running_attempt_is_followed_until_it_ends(client):
    attempt = AttemptFactory(outcome=None, finished_at=None, tail=f"building\n{EVIL}")
    found = page(client, attempt)
    assert 'data-log="follow"' in found
    assert "building" in found
    assert "<script>alert" not in found
    ended = client.get(f"/attempts/{logged('x').pk}/log/", headers={"HX-Request": "true"})
    assert ended.status_code == 286


def test_it_costs_few_queries_whatever_the_size(client, django_assert_max_num_queries):
    attempt = logged("x\n" * 100_000)
    client.get("/runs/")
    with django_assert_max_num_queries(8):
        page(client, attempt)


def test_an_attempt_that_printed_nothing(client):
    assert "It printed nothing" in page(client, AttemptFactory())
    assert client.get("/attempts/999999/log/").status_code == 404
