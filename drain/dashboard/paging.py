"""Keyset paging: the address names the row that the page begins after."""

from __future__ import annotations

from django.http import HttpRequest

_HIGHEST = 2**63 - 1


def number_in(request: HttpRequest, name: str) -> int | None:
    """A row number from the address; anything else counts as absent, as a mistyped address should."""
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if len(text) < 20 and int(text) <= _HIGHEST else None
