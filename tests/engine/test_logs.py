"""Lines of the log name what they are about: request, drain, attempt; in JSON, one object a line."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import subprocess
import sys
from concurrent.futures import wait

import pytest
from django.test import Client

from drain.engine.executions.pool import Pool
from drain.logs import AboutFilter, JsonFormatter, RefusedFilter, about
from drain.models import Attempt
from drain.models.roles import Role
from drain.people.first_account import invitation
from tests.engine.conftest import Backlog
from tests.people import signed_in

log = logging.getLogger("tests.logs")


class Lines(logging.Handler):
    """Keeps lines as the console would write them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())
        self.addFilter(AboutFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def read(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def lines(caplog):
    handler = Lines()
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


def test_a_line_is_one_object_whatever_it_says(lines):
    log.warning("%s and a\nline, \x1b[31m ü", {"a": "b"})
    (line,) = lines.lines
    assert "\n" not in line
    assert "\x1b" not in line
    (read,) = lines.read
    assert read["message"] == "{'a': 'b'} and a\nline, \x1b[31m ü"
    assert (read["level"], read["logger"]) == ("WARNING", "tests.logs")
    assert "attempt" not in read


def test_ids_hold_inside_and_inner_ones_add_to_outer_ones(lines):
    with about(drain=7):
        with about(attempt=9, request=None):
            log.warning("both")
        log.warning("one")
    log.warning("none")
    found = [(each.get("drain"), each.get("attempt"), "request" in each) for each in lines.read]
    assert found == [(7, 9, False), (7, None, False), (None, None, False)]


def test_an_exception_brings_its_traceback(lines):
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        log.exception("broke")
    assert "ZeroDivisionError: division by zero" in str(lines.read[0]["exception"])


@pytest.fixture
def console(monkeypatch):
    """The output of the site on its console."""
    (handler,) = (
        each
        for each in logging.getLogger().handlers
        if any(isinstance(own, RefusedFilter) for own in each.filters)
    )
    said = io.StringIO()
    monkeypatch.setattr(handler, "stream", said)
    return said


@pytest.mark.django_db
def test_what_was_refused_is_one_line_with_its_sentence_and_what_broke_has_its_traceback(console):
    viewer = signed_in(Role.VIEWER)
    assert viewer.post("/holds/").status_code == 403
    assert viewer.post("/runs/hold/", {"pk": ["1"] * 6000}).status_code == 400
    denied, suspicious = console.getvalue().splitlines()
    assert "/holds/: This needs the role operator" in denied
    assert "DATA_UPLOAD_MAX_NUMBER_FIELDS" in suspicious
    request = logging.getLogger("django.request")
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        request.error("broke", exc_info=True, extra={"status_code": 500})
        request.warning("a\x1b[31m\nb", exc_info=True, extra={"status_code": 400})
        log.exception("of no request")
    text = console.getvalue()
    assert text.count("Traceback") == 2
    assert "a\\u001b[31m b: division by zero\n" in text


def test_what_the_pool_does_for_an_attempt_is_about_that_attempt(lines):
    pool = Pool()
    with about(attempt=3):
        first = pool.submit(lambda: log.warning("in the pool"))
    second = pool.submit(lambda: log.warning("for nobody"))
    wait([first, second])
    pool.close()
    assert sorted(str(each.get("attempt")) for each in lines.read) == ["3", "None"]


@pytest.mark.django_db(transaction=True)
def test_a_line_about_a_phase_that_could_not_be_run_names_its_drain_and_attempt(
    backlog: Backlog, lines, monkeypatch
):
    def broken(*_: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr("drain.engine.executions.local.prepare", broken)
    backlog.executor(":")
    backlog.run("r", 1)
    session = backlog.drain(max_attempts_per_phase=1)
    (said,) = [each for each in lines.read if "could not be run" in str(each["message"])]
    attempt = Attempt.objects.get()
    assert (said["drain"], said["attempt"]) == (session.pk, attempt.pk)


@pytest.mark.django_db
def test_each_request_has_an_id_in_its_answer_and_only_a_trusted_proxy_names_it(settings):
    given = {"X-Request-ID": "from-the-proxy"}
    own = Client().get("/login/", headers=given)["X-Request-ID"]
    assert own != "from-the-proxy"
    assert own != Client().get("/login/")["X-Request-ID"]
    settings.DRAIN_TRUSTED_PROXIES = ["127.0.0.1"]
    assert Client().get("/login/", headers=given)["X-Request-ID"] == "from-the-proxy"
    hostile = Client().get("/login/", headers={"X-Request-ID": "a b<script>"})["X-Request-ID"]
    assert "<" not in hostile


@pytest.mark.django_db
def test_what_a_request_logs_has_its_id(lines):
    answer = Client().get("/nowhere/at/all/")
    found = [each for each in lines.read if each.get("request") == answer["X-Request-ID"]]
    assert any(each["logger"] == "django.request" for each in found)
    log.warning("after it")
    assert "request" not in lines.read[-1]


def test_the_setting_switches_the_whole_site_to_json():
    code = "import django; django.setup(); import logging; logging.getLogger('x').error('y')"
    import os

    env = {**os.environ, "DRAIN_LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": "drainsite.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stderr)["message"] == "y"


@pytest.mark.django_db
def test_the_address_that_makes_the_first_account_is_not_in_the_log(lines, settings):
    console = logging.config.DictConfigurator(settings.LOGGING)
    lines_of = next(each for each in logging.getLogger().handlers if isinstance(each, Lines))
    for name in settings.LOGGING["handlers"]["console"]["filters"]:
        lines_of.addFilter(console.configure_filter(settings.LOGGING["filters"][name]))
    token = str(invitation())
    client = Client(enforce_csrf_checks=True)
    Client().post(f"/first/{token}/", {"name": "a", "password": "one", "again": "two"})
    client.post(f"/first/{token}/", {"name": "a"})
    Client().put(f"/first/{token}/")
    Client().get(f"/first/{token}/more/")
    log.warning("%s of %s", "/first/", "/x")
    assert len(lines.lines) >= 5
    assert all(token.partition(":")[2] not in line for line in lines.lines)
    assert "/first/***" in lines.lines[0]
    assert str(lines.read[-1]["message"]) == "/first/ of /x"
