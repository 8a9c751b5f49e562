"""Titles as for the subject of a mail: the failed thing, its type and its message without values."""

from __future__ import annotations

import re
from collections.abc import Container

from drain.fingerprints.naming.tokens import PLACEHOLDERS

TITLE_CHARS = 120
_NAMES = "|".join(sorted(PLACEHOLDERS))
# <path>/settings.toml keeps the file's name, anything else that was masked is only said to be there.
_FILE = re.compile(r"<(?:path|url)>/(?=[\w.])")
_VALUE = re.compile(rf"(?P<q>[\"'`]?)<(?:{_NAMES})>(?P=q)")
_VALUES = re.compile(r"\u2026(?:[\s,:;/.x@-]{0,3}\u2026)+")
_EMPTY = re.compile(r"\s?[(\[{]\s*(?:\w{1,12}[=:]?\s?)?\u2026\s*[)\]}](?=[\s.,:;]|$)")
# What an object printed into a message says: {'error': {'message': 'model: x', 'type': ..
_SAYS = re.compile(
    r"[\"'](?:message|msg|reason|detail|error_description|title)[\"']\s?:\s?([\"'])(?P<said>.{4,400}?)\1(?=[,}\s]|$)"
)


def title_of(kind: str, message: str, place: str, *, test: bool) -> str:
    """One line of at most ``TITLE_CHARS`` characters; the test or task stands first where there is one."""
    words = _without_values(_said(message))
    head = f"{kind}: {words}" if kind and words else kind or words
    if test and place:
        head = f"{place.replace('_', ' ') if ' ' not in place and place.count('_') > 2 else place}: {head}"
    return _cut(head.strip()) or "no output"


def _said(message: str) -> str:
    """A message in which an object was printed, with only what the object says."""
    opening = message.find("{")
    found = _SAYS.search(message, opening) if opening >= 0 else None
    if not found:
        return message
    lead = message[:opening].rstrip(" -:=>")
    return f"{lead}: {found['said']}" if lead else found["said"]


def _without_values(message: str) -> str:
    message = _VALUE.sub("\u2026", _FILE.sub("", message)) if "<" in message else message
    if "\u2026" not in message:
        return message.strip()
    return _VALUES.sub("\u2026", _EMPTY.sub("", message)).strip()


def _cut(text: str) -> str:
    """The text, or as many of its words as there is room for."""
    if len(text) <= TITLE_CHARS:
        return text
    whole = text[: TITLE_CHARS - 1].rpartition(" ")[0]
    return (whole if len(whole) > TITLE_CHARS // 2 else text[: TITLE_CHARS - 1]).rstrip(
        " ,.:;"
    ) + "\u2026"


def with_suffix(title: str, suffix: str) -> str:
    """The title with something behind it, both cut so that they fit."""
    most = TITLE_CHARS // 2
    suffix = suffix if len(suffix) <= most else f"{suffix[: most - 2]}\u2026{suffix[-1]}"
    return f"{title[: TITLE_CHARS - len(suffix) - 1].rstrip()} {suffix}"


def wordings(title: str, place: str, key: str) -> tuple[str, str, str]:
    """Titles for a cause, the best first: its own, with its place, and with the beginning of its key."""
    return (
        title,
        with_suffix(title, f"(in {place})") if place else title,
        with_suffix(title, f"#{key[:8]}"),
    )


def told_apart(title: str, place: str, key: str, others: Container[str]) -> str:
    """The first of its titles that no other cause has."""
    first, second, third = wordings(title, place, key)
    return next((each for each in (first, second) if each not in others), third)
