"""The question before an act on several rows, and its answer row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from drain.dashboard.http.actions import REFUSALS

MOST = 200
"""Rows that one act takes: more than a page of any list."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row."""

    label: str
    done: bool
    said: str


@dataclass(frozen=True, slots=True)
class Question:
    """An act on rows that were ticked: `name` is the field that names them, `labels` what people call them."""

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
    """Which of several acts of the page."""

    def ask(self, request: HttpRequest, error: str = "") -> HttpResponse:
        """The page that asks; what was typed stays when it was refused."""
        context: dict[str, Any] = {
            "question": self,
            "error": error,
            "typed": {name: request.POST.get(name, value) for name, _, value in self.fields},
            "reason": request.POST.get("reason", ""),
            "page_has_primary": bool(self.labels),
        }
        return render(request, "ticked/confirm.html", context, status=422 if error else 200)

    def answer(self, request: HttpRequest, act: Callable[[str], Result]) -> HttpResponse:
        """Do it for one row after the other; what refuses all of them is asked again."""
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


def ticked(request: HttpRequest, name: str) -> list[str]:
    """The rows that were ticked, each once."""
    sent = request.POST if request.method == "POST" else request.GET
    return list(dict.fromkeys(value.replace("\0", "") for value in sent.getlist(name)))[:MOST]
