"""The text of a search box as a query on the beginnings of words."""

from __future__ import annotations

import re

from django.http import QueryDict

# What PostgreSQL's drain_words() keeps: runs of letters and digits.
_WORD = re.compile(r"[^\W_]+")
# Of these PostgreSQL makes one word, always; others may come apart ("5e3abc" is a number and a word to it).
_WHOLE = re.compile(r"[a-z][a-z0-9]*|[0-9]+")
MOST_WORDS = 8
LONGEST = 200


def cleaned(text: str) -> str:
    """The typed text without what no column can hold, bounded."""
    return text.replace("\0", "").strip()[:LONGEST]


def typed(values: QueryDict) -> dict[str, str]:
    """Return the values of a form or an address, by name, without characters that no column can hold."""
    return {name: str(values.get(name, "")).replace("\0", "").strip() for name in values}


def prefix_query(text: str) -> str:
    """A tsquery that asks for every word by its beginning; "" when there is no word.

    Words are letters and digits only and quoted, so nothing typed becomes an operator.
    """
    return " & ".join(f"'{word.lower()}':*" for word in _WORD.findall(text)[:MOST_WORDS])


def word_query(text: str) -> str:
    """A tsquery for every word as it stands: it finds a part of what `prefix_query` does in half the time."""
    return prefix_query(text).replace(":*", "")


def required_parts(text: str) -> list[str]:
    """Return the parts that a lower-case text holds if `prefix_query` finds it, as patterns for LIKE ALL.

    To look for them costs a tenth of taking the text to words.
    """
    words = [word.lower() for word in _WORD.findall(text)[:MOST_WORDS]]
    return [f"%{word}%" for word in words if _WHOLE.fullmatch(word)]


def like_beginning(text: str) -> str:
    """The pattern of LIKE for whatever begins with this text."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"


def pieces(text: str) -> list[str]:
    """Return the pieces between spaces and slashes: a run and a phase as lists print them together."""
    return [piece for piece in re.split(r"[\s/]+", text) if piece][:MOST_WORDS]


def marked(text: str, q: str) -> list[tuple[str, bool]]:
    """Pieces of a text, each with whether it was looked for: all of it, else any piece or word."""
    whole = re.split(f"({re.escape(q)})", text, flags=re.IGNORECASE) if q else [text]
    if len(whole) == 1 and (
        words := sorted({*pieces(q), *_WORD.findall(q)}, key=len, reverse=True)
    ):
        whole = re.split(f"({'|'.join(map(re.escape, words))})", text, flags=re.IGNORECASE)
    return [(piece, bool(place % 2)) for place, piece in enumerate(whole) if piece]
