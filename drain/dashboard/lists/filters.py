"""The filters of drains and acts, in the address of a list."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from drain.dashboard.http.search_terms import cleaned
from drain.engine.queue.selection import PhaseFilter
from drain.policy.numbers import whole

TEXTS = (
    ("prefix", "run_prefixes", "Run begins with"),
    ("label", "labels", "Label of the run"),
    ("source", "sources", "Source"),
    ("name", "names", "Id or name, * for anything"),
    ("fingerprint", "fingerprints", "Fingerprint"),
    ("type", "types", "Type of the phase"),
    ("category", "categories", "Category of the failure"),
)
ERROR = ("error", "error", "Error says")
NUMBERS = (
    ("attempts_at_least", "attempts_at_least", "Attempts at least"),
    ("attempts_at_most", "attempts_at_most", "Attempts at most"),
)
NAMES = tuple(name for name, _, _ in (*TEXTS, ERROR, *NUMBERS))


@dataclass(frozen=True, slots=True)
class Field:
    """One filter as the form shows it."""

    name: str
    label: str
    value: str


def read_filter(request: HttpRequest) -> tuple[PhaseFilter, list[Field]]:
    """Return the filter of an address, and its fields; a value that is repeated is an alternative.

    A number that is none counts as absent, as a mistyped address should.
    """
    values: dict[str, object] = {}
    fields = []
    for name, field, label in TEXTS:
        typed = [text for text in map(cleaned, request.GET.getlist(name)) if text]
        values[field] = tuple(
            part.strip() for text in typed for part in text.split(",") if part.strip()
        )
        fields.append(Field(name, label, ", ".join(typed)))
    name, field, label = ERROR
    values[field] = cleaned(request.GET.get(name, ""))
    fields.append(Field(name, label, str(values[field])))
    for name, field, label in NUMBERS:
        values[field] = whole(request.GET.get(name, ""))
        fields.append(Field(name, label, "" if values[field] is None else str(values[field])))
    return PhaseFilter(**values), fields  # type: ignore[arg-type] # by the tables above
