"""Notes on runs and fingerprints over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query
from ninja.responses import Status

from drain.engine.errors import InputError
from drain.engine.notes import (
    add_note,
    as_json,
    every_note,
    noted_fingerprint,
    noted_run,
    notes_on,
    remove_note,
)
from drain.models import Fingerprint, Run

from . import evidence_schemas as shapes
from .door import ApiError, caller
from .reads import page
from .schemas import NoteIn, NoteListing
from .site import operation

SEE = "drain.view_run"
WRITE = "drain.write_notes"


@operation("GET", "notes", SEE, "note-list", shapes.NotePage)
def note_list(request: HttpRequest, listing: Query[NoteListing]) -> dict[str, Any]:
    """Return notes, newest first; of one run, or of one fingerprint with what was merged into it."""
    about = _about(listing.run_id, listing.fingerprint)
    found = every_note() if about is None else notes_on(about)
    return page(request, listing, found, as_json, newest=True)


@operation("POST", "notes", WRITE, "note-list", shapes.NoteOut, status=201)
def note_add(request: HttpRequest, body: NoteIn) -> Status[Any]:
    """Write a note on a run or a fingerprint."""
    about = _about(body.run_id, body.fingerprint)
    if about is None:
        raise ApiError(422, "Name a run_id, or a fingerprint by its key.")
    return Status(201, as_json(add_note(about, body.text, caller(request).person)))


@operation("POST", "notes/{int:pk}/remove", WRITE, "note-remove", shapes.NoteOut)
def note_remove(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Take a note off; 409 when it is gone already."""
    return as_json(remove_note(pk, caller(request).person))


def _about(run_id: str, key: str) -> Run | Fingerprint | None:
    if run_id and key:
        raise ApiError(422, "Name a run_id or a fingerprint, and not both.")
    try:
        return noted_run(run_id) if run_id else noted_fingerprint(key) if key else None
    except InputError as error:
        raise ApiError(404, str(error)) from None
