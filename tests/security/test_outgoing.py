"""Mails and webhooks are as inert as a page; and so is the content of imported files."""

from __future__ import annotations

import csv
import email
import io
import json
import re
from email import policy
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from drain.engine.news.mail import Mail, send_mail
from drain.engine.news.send import Letter, body_of, headers_of
from drain.models.roles import Role
from tests.people import signed_in
from tests.security.hostile import EVERYTHING
from tests.security.test_everywhere import _wrong
from tests.security.test_hostile import _obeyed

pytestmark = pytest.mark.django_db
HEADERS = {
    "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date", "Message-ID",
    "Auto-Submitted",
}  # fmt: skip


def test_a_mail_is_plain_text_whose_words_are_only_read():
    for word in EVERYTHING:
        assert send_mail(Mail("vera@example.org", word[:300], word, "1")).error == ""
        sent = mail.outbox.pop().message().as_bytes()
        assert b"\x1b" not in sent
        found = email.message_from_bytes(sent, policy=policy.default)
        assert set(found.keys()) == HEADERS
        assert found.get_content_type() == "text/plain"
        assert _obeyed(found["Subject"]) == []
        assert _obeyed(found.get_content()) == []


def test_a_message_to_a_webhook_is_ascii_and_says_the_words_as_they_are():
    for word in EVERYTHING:
        told = {"title": word, "facts": {word: word}}
        letter = Letter("1", "drain.ended", "https://hooks.example.org/", "secret", body_of(told))
        assert letter.body.isascii()
        assert json.loads(letter.body) == told
        headers = "".join(headers_of(letter, 0.0).values())
        assert headers.isascii()
        assert headers.isprintable()


NAME = 'x"><img src=x onerror=alert(1)>\u202evsc.csv'


def _csv(words: list[str]) -> bytes:
    """A file whose fields are called so, whose rows are called so, and whose states are."""
    text = io.StringIO()
    fields = csv.writer(text)
    fields.writerow(["run_id", "phase_id", "state", "reason", *words])
    fields.writerow(["r", "p", "FAILED", "x", *words])
    fields.writerows([word, word, "FAILED", word, *words] for word in words)
    fields.writerows(["r", f"p{number}", word, "x", *words] for number, word in enumerate(words))
    return text.getvalue().encode()


def _lines(words: list[str]) -> bytes:
    rows = [
        {"run_id": word, "phase_id": word, "state": "FAILED", "reason": word, word: word, "params": {word: word}}
        for word in words
    ]  # fmt: skip
    return "\n".join(map(json.dumps, rows)).encode()


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _junit(words: list[str]) -> bytes:
    suite = ElementTree.Element("testsuite", name=_NO_XML.sub("", words[0]))
    for word in (_NO_XML.sub("", each) for each in words):
        case = ElementTree.SubElement(suite, "testcase", name=word, classname=word, file=word)
        ElementTree.SubElement(case, "failure", message=word, type=word).text = word
    return ElementTree.tostring(suite)


@pytest.mark.verify
@pytest.mark.parametrize("kind", [_csv, _lines, _junit])
def test_a_file_of_hostile_words_is_previewed_as_words(kind):
    manager = signed_in(Role.MANAGER)
    manager.raise_request_exception = False
    statuses = set()
    for start in range(0, len(EVERYTHING), 20):
        words = list(EVERYTHING[start : start + 20])
        answer = manager.post(
            "/import/", {"file": SimpleUploadedFile(NAME, kind(words)), "act": "preview"}
        )
        assert answer.status_code in {200, 422}, ascii(words)
        assert _wrong("drain:import-new", answer) == [], ascii(words)
        statuses.add(answer.status_code)
    assert 200 in statuses, "some are previewed"


@pytest.mark.verify
def test_fields_of_an_import_that_make_no_sense_are_refused_in_words_alone():
    manager = signed_in(Role.MANAGER)
    manager.raise_request_exception = False
    line = '{"run_id":"r","phase_id":"p","state":"FAILED"}'
    for word in EVERYTHING[::4]:
        for name in ("maps", "sets", "source", "format", "mapping", "text"):
            form = {
                "text": line,
                "act": "preview",
                name: f"state={word}" if name == "maps" else word,
            }
            answer = manager.post("/import/", form)
            assert answer.status_code in {200, 400, 422}, f"{name} {word!a}"
            assert _wrong("drain:import-new", answer) == [], f"{name} {word!a}"
