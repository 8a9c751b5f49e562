"""Addresses of the dashboard's pages, with a query where asked; "" where an installation has no such page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import NoReverseMatch, get_script_prefix, reverse

MOST_PICKED = 200
"""Names in one field of a new drain's scope."""
LONGEST = 32_000
"""Characters of an address that every server and browser takes."""


def joined(name: str, names: Iterable[str]) -> str:
    """Names as one text of the field `name` of a new drain's scope; `names_in` reads them back."""
    return (", " if name == "source" else " ").join(names).strip(", ")


def names_in(name: str, text: str) -> tuple[str, ...]:
    """Names parted by spaces or commas, each once; those of sources, which may hold spaces, by commas."""
    if name == "source":
        return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def link(name: str, /, *values: object, **query: object) -> str:
    """The address of `drain:name`, or "" when there is no such page; empty query values are left out.

    A name with a colon is one of another part of the site.
    """
    found = _address(get_script_prefix(), name, values)
    asked = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{found}?{urlencode(asked)}" if asked and found else found


def changed_query(query: QueryDict, **changes: object) -> str:
    """A page's own address with some parameters of its query changed; None or "" removes one."""
    # Rows have one each: a copied QueryDict would take four times as long.
    found = dict(query.lists()) | {
        name: [] if value in (None, "") else [str(value)] for name, value in changes.items()
    }
    return f"?{urlencode(found, doseq=True)}"


@lru_cache(maxsize=8192)
def _address(prefix: str, name: str, values: tuple[object, ...]) -> str:
    """Kept, because lists name the same pages every five seconds; `prefix` is where the site stands."""
    try:
        return reverse(name if ":" in name else f"drain:{name}", args=values)
    except NoReverseMatch:
        return ""


def attempt_href(pk: int) -> str:
    """The log of an attempt."""
    return link("attempt-log", pk)


def cause_href(key: str) -> str:
    """The page of a fingerprint."""
    return link("fingerprint-detail", key)


def report_href(session: int) -> str:
    """The report about a session."""
    return link("session-report", session)


def marker_href(pk: int) -> str:
    """The evidence about a fix."""
    return link("marker-detail", pk)


def run_href(run_id: str) -> str:
    """The run of this name, found by the list of runs."""
    return link("run-list", q=run_id)


def phase_href(pk: int) -> str:
    """The page of a phase."""
    return link("phase-detail", pk)


def excluded_href(session: int, reason: str) -> str:
    """The phases behind one reason of a session's ledger."""
    return link("session-excluded", session, reason)
