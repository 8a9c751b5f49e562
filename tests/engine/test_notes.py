"""Notes on runs and fingerprints: kept once, removed once, counted for what a fingerprint was merged into."""

from __future__ import annotations

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from drain.engine import notes as verbs
from drain.engine.errors import EngineError
from drain.engine.notes import (
    Latest,
    add_note,
    latest_on_fingerprints,
    latest_on_runs,
    noted_fingerprint,
    notes_on,
    remove_note,
)
from drain.models import AuditEvent, Note
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from tests.factories import FingerprintFactory, RunFactory

OLGA = Person("olga", Origin.BROWSER, "10.0.0.1")


def run(*argv):
    out = StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_note_is_kept_with_who_and_when_and_stands_in_the_audit_with_its_words():
    about = RunFactory(run_id="nightly-7")
    note = add_note(about, "  the disk\r\nwas full \n", OLGA)
    assert (note.text, note.created_by, note.origin) == ("the disk\nwas full", "olga", "browser")
    line = AuditEvent.objects.get(verb="note")
    assert (line.actor, line.subject, line.subject_pk) == ("olga", "run", str(about.pk))
    assert line.new == {"note": note.pk, "text": "the disk\nwas full"}
    remove_note(note.pk, Person("boris", Origin.COMMAND))
    assert not Note.objects.exists()
    line = AuditEvent.objects.get(verb="note.remove")
    assert line.old == {"note": note.pk, "text": "the disk\nwas full", "by": "olga"}
    with pytest.raises(EngineError, match="somebody has removed it already"):
        remove_note(note.pk, OLGA)
    assert AuditEvent.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "why"),
    [(" \n", "empty"), ("x" * 2001, "2,000 are the most"), ("a\0b", "NUL"), ("\ud800", "half of")],
)
def test_what_is_no_note_is_refused_and_changes_nothing(text, why):
    with pytest.raises(EngineError, match=why):
        add_note(RunFactory(), text, OLGA)
    assert (Note.objects.count(), AuditEvent.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_notes_of_what_was_merged_into_a_fingerprint_are_on_it_and_come_back_with_the_merge_undone():
    root, other, apart = FingerprintFactory(), FingerprintFactory(), FingerprintFactory()
    first, second = add_note(root, "first", OLGA), add_note(other, "second", OLGA)
    add_note(apart, "third", OLGA)
    assert list(notes_on(root)) == [first]
    type(other).objects.filter(pk=other.pk).update(merged_into=root)
    assert list(notes_on(root)) == [second, first]
    assert noted_fingerprint(other.key) == root
    found = latest_on_fingerprints([root.key, FingerprintFactory().key])
    assert {key: (each.note, each.count) for key, each in found.items()} == {root.key: (second, 2)}
    third = add_note(root, "and again", OLGA)
    assert latest_on_fingerprints([root.key])[root.key] == Latest(third, 3), "whichever has it"
    type(other).objects.filter(pk=other.pk).update(merged_into=None)
    assert list(notes_on(root)) == [third, first]


@pytest.mark.django_db
def test_a_list_asks_once_however_many_rows_it_has(django_assert_num_queries):
    runs = [RunFactory() for _ in range(30)]
    for each in runs[:20]:
        add_note(each, "old", OLGA)
        add_note(each, "new", OLGA)
    with django_assert_num_queries(1):
        found = latest_on_runs([each.pk for each in runs])
    assert {pk: (each.note.text, each.count) for pk, each in found.items()} == {
        each.pk: ("new", 2) for each in runs[:20]
    }


@pytest.mark.django_db
def test_a_note_is_about_one_thing():
    for about in ({}, {"run": RunFactory(), "fingerprint": FingerprintFactory()}):
        with pytest.raises(IntegrityError, match="drain_note_about_one"), transaction.atomic():
            Note.objects.create(text="x", created_by="x", origin="api", **about)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_no_more_than_the_most(monkeypatch):
    monkeypatch.setattr(verbs, "MOST_ON_ONE", 1)
    about, answers, ready = RunFactory(), [], threading.Barrier(2)

    def write():
        ready.wait()
        try:
            answers.append(add_note(about, "x", OLGA).text)
        except EngineError as error:
            answers.append(str(error))
        finally:
            connection.close()

    people = [threading.Thread(target=write) for _ in range(2)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert sorted(answers) == ["There are 1 notes on it already: remove one first.", "x"]
    assert Note.objects.count() == 1


@pytest.mark.django_db
def test_the_command_writes_lists_and_removes():
    RunFactory(run_id="nightly-7")
    cause = FingerprintFactory(title="ImportError: x")
    one = json.loads(run("note", "add", "--run-id", "nightly-7", "disk \x1b[2J full", "--json"))
    run("note", "add", "--fingerprint", cause.key, "ask ops")
    listed = run("note", "list").splitlines()
    assert [line.split("  ", 3)[3] for line in listed] == [
        "ImportError: x: ask ops",
        "nightly-7: disk \\u001b[2J full",
    ]
    assert [
        each["text"]
        for each in json.loads(run("note", "list", "--fingerprint", cause.key, "--json"))["notes"]
    ] == ["ask ops"]
    assert run("note", "remove", str(one["note"])) == f"Note {one['note']} is removed.\n"
    with pytest.raises(CommandError, match="There is no run “none”"):
        run("note", "add", "--run-id", "none", "x")
