"""Keyset paging: the address names the row that the page begins after."""

from __future__ import annotations

from django.http import HttpRequest

from drain.policy.numbers import whole


def number_in(request: HttpRequest, name: str) -> int | None:
    """A row number from the address; anything else counts as absent, as a mistyped address should."""
    return whole(request.GET.get(name, ""))
