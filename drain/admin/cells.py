"""Cells of the admin's lists and forms, drawn as on the pages: states with icon and colour, names that lead to pages."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse

_DRAWN, _SHOWN = "admin/_cell.html", "admin/drain/cell.html"


def state_cell(value: str) -> str:
    """A stored state with its icon and colour."""
    return _cell(value=value)


def page_cell(text: str, page: str, *values: object) -> str:
    """A text that leads to the dashboard's page `drain:page`; plain where there is no such page."""
    href = page_address(page, *values) if text else ""
    return _cell(text=text, href=href)


def page_address(page: str, *values: object) -> str:
    """The address of a page of the dashboard; "" where there is none."""
    try:
        return reverse(f"drain:{page}", args=values)
    except NoReverseMatch:
        return ""


def _cell(value: str = "", text: str = "", href: str = "") -> str:
    """Drawn by the templates of the pages, and handed to the admin's own engine as what it is."""
    drawn = render_to_string(_DRAWN, {"value": value, "text": text, "href": href})
    return render_to_string(_SHOWN, {"drawn": drawn})
