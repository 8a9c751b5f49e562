"""Addresses of other pages with a query; nothing where an installation leaves a page out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse


def link(name: str, *values: object, **query: object) -> str:
    """The address of `drain:name`, or "" when there is no such page; empty query values are left out."""
    try:
        found = reverse(f"drain:{name}", args=values)
    except NoReverseMatch:
        return ""
    asked = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{found}?{urlencode(asked)}" if asked else found
