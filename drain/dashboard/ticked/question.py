"""The question before an act on several rows, and its answer row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from drain.dashboard.http.actions import REFUSALS
from drain.dashboard.http.links import LONGEST, MOST_PICKED, link

MOST = 1_000
"""Rows that one act takes: those of a page that were ticked, or all that match the filters of their list."""
NAMED = 200
"""Rows that the question names."""
_WORDS_OF_PAGES = ("from", "before", "after", "sort")


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one row."""

    label: str
    done: bool
    said: str


@dataclass(frozen=True, slots=True)
class TickedAction:
    """An act on ticked rows: `name` is the field that names them, `labels` what people call them."""

    title: str
    text: str
    verb: str
    thing: str
    name: str
    labels: dict[str, str]
    """By the value of the field."""
    back: str
    fields: Sequence[tuple[str, str, str]] = ()
    """More to type: name, label and the value that stands there."""
    act: str = ""
    """The act, where a page has several."""
    matching: str = ""
    """The filters whose rows are meant, applied again at the answer; empty: these rows."""

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The hidden fields of the form: the filters and how many they found, or each row by its name."""
        if self.matching:
            return [("all_matching", self.matching), ("count", str(len(self.labels)))]
        return [(self.name, value) for value in self.labels]

    def ask(self, request: HttpRequest, error: str = "") -> HttpResponse:
        """The page that asks; what was typed stays when it was refused."""
        context: dict[str, Any] = {
            "question": self,
            "named": list(self.labels.values())[:NAMED],
            "error": error,
            "typed": {name: request.POST.get(name, value) for name, _, value in self.fields},
            "reason": request.POST.get("reason", ""),
            "page_has_primary": bool(self.labels),
        }
        return render(request, "ticked/confirm.html", context, status=422 if error else 200)

    def answer(self, request: HttpRequest, act: Callable[[str], Result]) -> HttpResponse:
        """Do it for one row after the other; what refuses all of them is asked again."""
        if self.matching and request.POST.get("count") != str(len(self.labels)):
            return self.ask(
                request, f"{len(self.labels):,} match by now: look again before you go on."
            )
        try:
            results = [act(value) for value in self.labels]
        except REFUSALS as error:
            return self.ask(request, str(error))
        done = sum(result.done for result in results)
        context = {
            "question": self,
            "results": results,
            "done": done,
            "left": len(results) - done,
        }
        return render(request, "ticked/results.html", context)


@dataclass(frozen=True, slots=True)
class Matching:
    """All rows that the filters of a list leave, as its page offers them."""

    count: int
    """0 for none that the page does not show; at most MOST, as `more` says."""
    query: str
    more: bool = False


def matching_of(request: HttpRequest, *, beyond: bool, count: Callable[[], int]) -> Matching:
    """Return a list page's offer; `beyond` is whether it has further pages, `count` counts up to MOST + 1."""
    query = request.GET.copy()
    for word in _WORDS_OF_PAGES:
        query.pop(word, None)
    found = count() if beyond else 0
    return Matching(0 if found > MOST else found, f"?{query.urlencode()}", more=found > MOST)


def chosen(
    request: HttpRequest, name: str, matching: Callable[[QueryDict], Sequence[str]]
) -> tuple[list[str], str]:
    """The rows that were ticked, or all that `matching` finds by the filters sent;
    with those filters, "" for none.

    More than MOST are none, and the next page says so.
    """
    sent = request.POST if request.method == "POST" else request.GET
    query = sent.get("all_matching", "").replace("\0", "")
    found = matching(QueryDict(query.removeprefix("?"))) if query else sent.getlist(name)
    if len(found) > MOST:
        messages.error(request, f"More than {MOST:,} match: narrow the filters first.")
        return [], query
    return list(dict.fromkeys(value.replace("\0", "") for value in found)), query


def drain_of(
    names: Sequence[str], name: str, things: str, back: str, request: HttpRequest
) -> HttpResponse:
    """Redirect to the form of a drain of these runs or fingerprints;
    back with a sentence where it takes fewer.
    """
    if not names:
        # No name at all would be a drain of all there is.
        messages.info(request, f"No {things.removesuffix('s')} was chosen: tick some first.")
        return redirect(back)
    address = f"{link('session-new')}?{urlencode({name: list(names)}, doseq=True)}"
    if len(names) > MOST_PICKED or len(address) > LONGEST:
        messages.error(
            request,
            f"A drain names at most {MOST_PICKED} {things} and {len(names):,} match: narrow the filters, "
            "or leave them out of the drain, which then takes all failed phases.",
        )
        return redirect(back)
    return redirect(address)
