"""Bring work in: the form, a preview that writes nothing, and the import of what it showed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from drain.dashboard.http.actions import person
from drain.dashboard.http.cache import forget
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import wants_fragment
from drain.dashboard.http.search_terms import typed
from drain.dashboard.imports.form import (
    CHOSEN,
    MAP,
    MOST_MEGABYTES,
    MOST_PASTED,
    Given,
    mapping_names,
    read_given,
)
from drain.dashboard.lists.sources import source_names
from drain.models import ExecutorProfile
from drain.policy.words import agrees, counted
from drain.sources.errors import MissingFieldsError, SourceError
from drain.sources.files.formats import FORMATS
from drain.sources.files.importing import import_file
from drain.sources.files.result import FileImport

IMPORT = "drain.add_phase"
DEFINE = "drain.define_executors"
REJECTS_SHOWN = 50
CHOICES = 100
_FOLDED = ("maps", "sets", "source", "format", "mapping")
_IN_TERMINAL, _HERE = "--map ", "below, or under “How it is read” as "
UNSEEN = "Nothing was imported: this is the preview of what you sent. Look at it, then import."


@requires(IMPORT, FORM)
def import_new(request: HttpRequest) -> HttpResponse:
    """The form; a POST previews, and imports only what was previewed."""
    if request.method != "POST":
        return _show(request)
    try:
        given = read_given(request)
        digest = given.digest()
        if request.POST.get("act") != "import":
            return _show(request, _preview(request, given), digest)
        if request.POST.get("seen") != digest:
            return _show(request, _preview(request, given), digest, UNSEEN, status=409)
        found = import_file(
            given.stream, given.kind, timezone.now(), given.source, given.options,
            by=person(request), file=given.name,
        )  # fmt: skip
    except SourceError as error:
        return _show(request, problem=error, status=422)
    forget()
    messages.success(request, _sentence(found))
    # The next step of a new site: nothing that was imported can run before somebody has said how.
    undefined = not ExecutorProfile.objects.exists() and request.user.has_perm(DEFINE)
    return redirect("drain:executor-set" if undefined else "drain:session-new")


def _preview(request: HttpRequest, given: Given) -> FileImport:
    options = replace(given.options, dry_run=True)
    return import_file(
        given.stream, given.kind, timezone.now(), given.source, options, by=person(request)
    )


def _sentence(found: FileImport) -> str:
    rejected = (
        f" {counted(found.rejected, 'rejected record')} {agrees(found.rejected, 'was', 'were')} left out."
        if found.rejected
        else ""
    )
    return (
        f"{counted(found.phases, 'phase')} of {counted(found.runs, 'run')} "
        f"imported: {found.created:,} new, {found.updated:,} changed, "
        f"{found.unchanged:,} as they were.{rejected}"
    )


def _show(
    request: HttpRequest,
    found: FileImport | None = None,
    digest: str = "",
    problem: SourceError | str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, or for its script the preview alone; `problem` says why nothing was done."""
    lacks = problem if isinstance(problem, MissingFieldsError) else None
    values = typed(request.POST)
    context: dict[str, Any] = {
        "problem": str(problem).replace(_IN_TERMINAL, _HERE),
        "missing": lacks.missing if lacks else (),
        "columns": [("", "choose a column"), *((name, name) for name in lacks.columns)]
        if lacks
        else (),
        "unread": [("", "none of them"), *((name, name) for name in found.ignored_fields[:CHOICES])]
        if found
        else (),
        "map": MAP,
        "maps_chosen": {MAP + name: values.get(MAP + name, "") for name in CHOSEN},
        "maps_kept": [MAP + name for name in CHOSEN if lacks is None or name not in lacks.missing],
        # What a refusal speaks of is not left in a closed fold.
        "unfold": bool(problem) or any(values.get(name) for name in _FOLDED),
        "found": found,
        "rejects": found.rejects[:REJECTS_SHOWN] if found else (),
        "digest": digest,
        "values": values,
        "text": request.POST.get("text", ""),
        "formats": [("", "as it looks"), *((name, name) for name in sorted(FORMATS))],
        "mappings": [("", "as it looks"), *((name, name) for name in mapping_names())],
        "most_megabytes": MOST_MEGABYTES,
        "most_pasted": MOST_PASTED,
        "page_has_primary": True,
        "sources": source_names(),
    }
    page = "imports/_preview.html" if wants_fragment(request) else "imports/page.html"
    return render(request, page, context, status=status)
