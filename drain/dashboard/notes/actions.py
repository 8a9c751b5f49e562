"""Write a note on a run or a fingerprint, and take one off: each over one verb."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from drain.dashboard.http.actions import attempt, person, verb
from drain.engine.notes import add_note, noted_fingerprint, noted_run, remove_note

WRITE = "drain.write_notes"


@verb(WRITE)
def note_add(request: HttpRequest) -> HttpResponse:
    """Add a note to the run or the fingerprint that the form names."""
    run, key = (request.POST.get(name, "")[:300] for name in ("run", "fingerprint"))

    def act() -> str:
        about = noted_run(run) if run else noted_fingerprint(key)
        add_note(about, request.POST.get("text", ""), person(request))
        return "The note is kept."

    return attempt(request, act, reverse("drain:overview"))


@verb(WRITE)
def note_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a note; its words stay in the audit."""

    def act() -> str:
        note = remove_note(pk, person(request))
        return f"The note “{note.text[:60]}” is removed; the audit keeps its words."

    return attempt(request, act, reverse("drain:overview"))
