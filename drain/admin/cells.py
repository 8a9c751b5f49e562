"""Cells of the admin's lists and forms, drawn as on the pages:
states with icon and colour, names that lead to pages.

A list has hundreds of them: macros are called as they are, since to find and render a template for each took
most of it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.html import html_safe


@html_safe
class Drawn:
    """Markup that a macro of the pages has drawn and escaped, in the form that the admin's own engine takes."""

    def __init__(self, macro: str, *values: object) -> None:
        self._text = str(getattr(_macros(), macro)(*values))

    def __str__(self) -> str:
        return self._text


def state_cell(value: str) -> Drawn:
    """A stored state with its icon and colour."""
    return Drawn("state_cell", value)


def page_cell(text: str, page: str, *values: object) -> Drawn:
    """A text that leads to the dashboard's page `drain:page`; plain where there is no such page."""
    return Drawn("page_cell", text, page_address(page, *values) if text else "")


def pick_cell(name: str, value: object, label: str) -> Drawn:
    """The box that picks a row for an action."""
    return Drawn("pick_cell", name, value, label)


def page_address(page: str, *values: object) -> str:
    """The address of a page of the dashboard; "" where there is none."""
    try:
        return reverse(f"drain:{page}", args=values)
    except NoReverseMatch:
        return ""


@cache
def _macros() -> Any:
    drawn: Any = get_template("admin/_cell.html")
    return drawn.template.module
