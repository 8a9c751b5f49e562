"""Lists with their filters, and drains with their settings, under a name; each person's own.

What is stored is the name of one of our pages and its known fields, never an address: the address is
made from them again, so that a stored view can lead nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from drain.dashboard.http.actions import person, verb
from drain.dashboard.http.links import joined, link
from drain.dashboard.http.permissions import SEE
from drain.engine.errors import EngineError
from drain.models import SavedView
from drain.models.audit import Subject, record_audit
from drain.policy.stopping.limits import Limits

# The language of filters; drain.dashboard.lists.filters reads them.
_OF_PHASES = (
    "prefix", "label", "source", "name", "fingerprint", "type", "category", "error", "attempts_at_least",
    "attempts_at_most",
)  # fmt: skip
DRAIN = "session-new"
"""The page whose saved views are drains: its settings, without the moment at which one stops."""
# Which parameters of a list are its filters; the place in the list is none.
FILTERS = {
    "run-list": ("q", "state", "source", "stale", "held", "since", "until", "sort"),
    "session-list": ("state", "by", "since", "until", "sort"),
    "queued-list": ("run", "stale", "since", "until", "sort"),
    "fingerprint-list": ("q", "status", "since", "until", "sort"),
    "phase-list": ("q", "run", "state", "since", "until", "sort", *_OF_PHASES),
    "attempt-list": ("run", "drain", "phase", "outcome", "fingerprint", "since", "until", "sort"),
    "search": ("q",),
    DRAIN: (
        "run",
        "source",
        "skip",
        "fingerprint",
        "note",
        *(each.name for each in fields(Limits) if each.name != "until"),
    ),
}
MOST = 50
"""Views that one person may keep of one list."""
LONGEST_NAME = 60
LONGEST_VALUE = 300
LONGEST_DRAIN = 8_000
"""Characters of the settings of a saved drain, which name runs and fingerprints."""


@dataclass(frozen=True, slots=True)
class ListedView:
    """A saved view as the page shows it."""

    pk: int
    name: str
    href: str
    current: bool


class SavedViews:
    """One person's views of one list; what templates call `saved`.

    Read when a template first asks: a refresh leaves them as they are and asks the database nothing.
    """

    def __init__(self, request: HttpRequest, page: str) -> None:
        self.page = page
        self.query = filters_in(page, request.GET)
        self._request = request

    @cached_property
    def views(self) -> list[ListedView]:
        """The person's views of the list, by name. One query."""
        return views_of(self._request, self.page)

    @property
    def new(self) -> bool:
        """True if the filters set here are worth keeping: set, and not saved yet."""
        return self.page != DRAIN and bool(self.query) and not any(v.current for v in self.views)

    @property
    def what(self) -> str:
        """The views' name for people."""
        return "drains" if self.page == DRAIN else "views"


def filters_in(page: str, query: QueryDict) -> str:
    """The known fields of a page as a query in one order; "" when none is set."""
    longest = LONGEST_DRAIN if page == DRAIN else LONGEST_VALUE
    found = [(name, _value(page, query, name).replace("\0", "").strip()) for name in FILTERS[page]]
    return urlencode([(name, value[:longest]) for name, value in found if value])


def _value(page: str, query: QueryDict, name: str) -> str:
    """The last value of a filter; of a drain all names that are picked or typed."""
    if page == DRAIN:
        return joined(name, [*query.getlist(name), *query.getlist(f"add_{name}")])
    return str(query.get(name, ""))


def saved_drain(request: HttpRequest, pk: int) -> dict[str, str]:
    """The fields of an own saved drain by name; empty where there is none."""
    view = SavedView.objects.filter(pk=pk, user=_owner(request), page=DRAIN).first()
    query = QueryDict(filters_in(DRAIN, QueryDict(view.query)) if view else "")
    return {name: str(query[name]) for name in query}


def views_of(request: HttpRequest, page: str) -> list[ListedView]:
    """Return this person's views of a list, by name. One query."""
    here = filters_in(page, request.GET)
    found = SavedView.objects.filter(user=_owner(request), page=page).order_by("name", "pk")[:MOST]
    return [
        ListedView(view.pk, view.name, _place(page, view.query), view.query == here)
        for view in found
    ]


@verb(SEE)
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of a list under a name; the same name again replaces them."""
    page = request.POST.get("page", "")
    if page not in FILTERS:
        return redirect("drain:overview")
    # The form of a drain sends its fields as they stand, a list the filters that it shows.
    sent = request.POST if page == DRAIN else QueryDict(request.POST.get("query", ""))
    query = filters_in(page, sent)
    return _answer(request, _place(page, query), lambda: _save(request, page, query))


@verb(SEE)
def view_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an own view another name."""
    view = _own(request, pk)
    return _answer(request, _address(view), lambda: _rename(request, view))


@verb(SEE)
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget an own view; the list stays as it is."""
    view = _own(request, pk)
    with transaction.atomic():
        _audit(request, "delete", view, old={"name": view.name, "query": view.query})
        view.delete()
    messages.success(request, f"The view {view.name} is gone.")
    return redirect(_address(view))


def _owner(request: HttpRequest) -> int:
    """Return the id of the views' owner; `verb` and the pages let nobody in who is not signed in."""
    return int(request.user.pk or 0)


def _own(request: HttpRequest, pk: int) -> SavedView:
    return get_object_or_404(SavedView, pk=pk, user=_owner(request), page__in=FILTERS)


def _address(view: SavedView) -> str:
    return _place(view.page, view.query)


def _place(page: str, query: str) -> str:
    """The address of a list with the filters that it knows, whatever the row says."""
    known = filters_in(page, QueryDict(query))
    return f"{link(page)}?{known}" if known else link(page)


def _answer(request: HttpRequest, place: str, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except EngineError as error:
        messages.error(request, str(error))
    return redirect(place)


def _save(request: HttpRequest, page: str, query: str) -> str:
    name = _name(request)
    if len(query) > LONGEST_DRAIN:
        raise EngineError("These settings are too long to keep: name fewer runs or fingerprints.")
    if not query:
        raise EngineError("Nothing is filtered here: choose a filter first, then save the view.")
    own = SavedView.objects.filter(user=_owner(request), page=page)
    if own.exclude(name=name).count() >= MOST:
        raise EngineError(f"There are {MOST} views of this list already: delete one first.")
    with transaction.atomic():
        replaced = own.filter(name=name).first()
        view, _ = SavedView.objects.update_or_create(
            user_id=_owner(request), page=page, name=name, defaults={"query": query}
        )
        _audit(
            request,
            "save",
            view,
            old={"query": replaced.query} if replaced else {},
            new={"query": query},
        )
    return f"Saved as {name}."


def _rename(request: HttpRequest, view: SavedView) -> str:
    name, before = _name(request), view.name
    others = SavedView.objects.filter(user=_owner(request), page=view.page, name=name)
    if others.exclude(pk=view.pk).exists():
        raise EngineError(f"There is a view {name} already: choose another name.")
    view.name = name
    with transaction.atomic():
        view.save(update_fields=["name"])
        _audit(request, "rename", view, old={"name": before}, new={"name": name})
    return f"{before} is called {name} now."


def _audit(
    request: HttpRequest,
    act: str,
    view: SavedView,
    *,
    old: dict[str, str] | None = None,
    new: dict[str, str] | None = None,
) -> None:
    subject = Subject("savedview", str(view.pk), f"{view.page}: {view.name}")
    record_audit(person(request), f"savedview.{act}", subject, old=old, new=new)


def _name(request: HttpRequest) -> str:
    """The typed name, without what cannot be seen; raises EngineError when nothing is left."""
    typed = request.POST.get("name", "")
    seen = "".join(letter if letter.isprintable() else " " for letter in typed)
    name = " ".join(seen.split())[:LONGEST_NAME].strip()
    if not name:
        raise EngineError("A view needs a name: say in a few words what it shows.")
    return name
