"""Notes on runs and fingerprints: written, removed and read; each with its line in the audit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Window

from drain.engine.errors import EngineError, InputError, bounded
from drain.evidence.fingerprints.aliases import counted_for, members, resolve_keys
from drain.models import Fingerprint, Note, Run
from drain.models.audit import Person, Subject, record_audit
from drain.policy.texts import unstorable

K = TypeVar("K")
MOST_ON_ONE = 100
"""Notes on one run or fingerprint: what is longer is a page of a wiki."""


@dataclass(frozen=True, slots=True)
class Latest:
    """A list's view of the notes on one thing."""

    note: Note
    count: int


def add_note(about: Run | Fingerprint, text: str, by: Person) -> Note:
    """Write `text` on a run or a fingerprint. Raises EngineError."""
    # Forms send every line's end as two characters.
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InputError("The note is empty: write what the others should know.")
    if what := unstorable(bounded(text, "The note")):
        raise InputError(f"The note holds {what}.")
    with transaction.atomic():
        # Two at once would both find room.
        rows = Run.objects if isinstance(about, Run) else Fingerprint.objects
        rows.select_for_update(no_key=True).get(pk=about.pk)
        if about.notes.count() >= MOST_ON_ONE:
            raise EngineError(f"There are {MOST_ON_ONE} notes on it already: remove one first.")
        note: Note = about.notes.create(text=text, created_by=by.name[:200], origin=by.origin)
        record_audit(by, "note", _subject(about), new={"note": note.pk, "text": text})
        note.refresh_from_db()
    return note


def remove_note(pk: int, by: Person) -> Note:
    """Take a note off; the audit keeps its words. Raises EngineError if it is not there any more."""
    with transaction.atomic():
        found = Note.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk)
        note = found.select_related("run", "fingerprint").first()
        if note is None:
            raise EngineError(f"There is no note {pk}: somebody has removed it already.")
        Note.objects.filter(pk=pk).delete()
        was = {"note": pk, "text": note.text, "by": note.created_by}
        record_audit(by, "note.remove", _subject(about_what(note)), old=was)
    return note


def about_what(note: Note) -> Run | Fingerprint:
    """Return the run or fingerprint that the note was written on."""
    about = note.run or note.fingerprint
    assert about is not None  # noqa: S101 - by a constraint of the table
    return about


def noted_run(run_id: str) -> Run:
    """The run of that id. Raises InputError."""
    found = Run.objects.filter(run_id=run_id.replace("\0", "")).first()
    if found is None:
        raise InputError(f"There is no run “{run_id[:60]}”: see the ids on the page Runs.")
    return found


def noted_fingerprint(key: str) -> Fingerprint:
    """The fingerprint that stands for this key today. Raises InputError."""
    key = key.replace("\0", "")
    found = Fingerprint.objects.filter(
        key=resolve_keys([key]).get(key, ""), merged_into=None
    ).first()
    if found is None:
        raise InputError(
            f"There is no fingerprint “{key[:60]}”: see the keys on the page Fingerprints."
        )
    return found


def every_note() -> QuerySet[Note]:
    """Return all notes, the newest first, with the things they were written on."""
    return Note.objects.select_related("run", "fingerprint").order_by("-pk")


def notes_on(about: Run | Fingerprint) -> QuerySet[Note]:
    """The newest first; a fingerprint has those of all that was merged into it."""
    if isinstance(about, Run):
        return every_note().filter(run=about)
    return notes_on_keys(members([about.key]))


def notes_on_keys(keys: Collection[str]) -> QuerySet[Note]:
    """Return the notes on the fingerprints of these keys, the newest first."""
    return every_note().filter(fingerprint__key__in=keys)


def as_json(note: Note) -> dict[str, Any]:
    """A note as commands and the API show it."""
    return {
        "note": note.pk,
        "run_id": note.run and note.run.run_id,
        "fingerprint": note.fingerprint and note.fingerprint.key,
        "text": note.text,
        "created_by": note.created_by,
        "created_at": note.created_at,
    }


def latest_on_runs(runs: Collection[int]) -> dict[int, Latest]:
    """The newest note on each of these runs that has one, with how many there are. One query."""
    return _latest("run_id", Q(run__in=runs), {pk: pk for pk in runs})


def latest_on_fingerprints(keys: Collection[str]) -> dict[str, Latest]:
    """The same for fingerprints by their keys, with the notes on what was merged into them. Two queries."""
    counted = counted_for(keys)
    return _latest("fingerprint__key", Q(fingerprint__key__in=list(counted)), counted)


def _latest(column: str, which: Q, stands_for: Mapping[Any, K]) -> dict[K, Latest]:
    """Return the latest of each by the column, with keys resolved by `stands_for`."""
    latest: dict[K, Latest] = {}
    each = Window(Count("pk"), partition_by=F(column))
    found = Note.objects.filter(which).annotate(of=F(column), count=each)
    for note in found.order_by(column, "-pk").distinct(column):
        key = stands_for[note.of]
        other = latest.get(key)
        count = note.count + (other.count if other else 0)
        latest[key] = Latest(max(note, other.note, key=_number) if other else note, count)
    return latest


def _number(note: Note) -> int:
    return note.pk


def _subject(about: Run | Fingerprint) -> Subject:
    if isinstance(about, Run):
        return Subject("run", str(about.pk), about.run_id)
    return Subject("fingerprint", str(about.pk), about.title)
