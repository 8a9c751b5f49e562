"""What every page draws around its content, put together by hand: loops in a template took a tenth of a page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString

from drain.dashboard.frame.frame import NavItem
from drain.dashboard.markup import icon
from drain.dashboard.nav_counts import chip


def nav_links(items: Iterable[NavItem]) -> SafeString:
    """The destinations of the bar with their shortcuts and counts."""
    return SafeString("".join(map(_nav_link, items)))


def _nav_link(item: NavItem) -> str:
    label = escape(item.label)
    key = f'data-key="{escape(item.key)}" data-label="{label}"'
    return f'<a href="{escape(item.href)}" {key}{_current(item)}>{label}{chip(item.count)}</a>'


def tab_links(items: Iterable[NavItem], *, whole: bool = False) -> SafeString:
    """The same for a phone: icons with short words, or with the `whole` label and its count."""
    return SafeString("".join([_tab_link(item, whole) for item in items]))


def _tab_link(item: NavItem, whole: bool) -> str:
    words = f"{escape(item.label)}{chip(item.count)}" if whole else escape(item.short)
    return f'<a href="{escape(item.href)}"{_current(item)}>{icon(item.icon)}{words}</a>'


def _current(item: NavItem) -> str:
    return ' aria-current="page"' if item.current else ""


@lru_cache(maxsize=64)
def zone_choices(zones: tuple[str, ...], chosen: str) -> SafeString:
    """Buttons for the offered time zones."""
    return SafeString("".join([_zone_choice(zone, zone == chosen) for zone in zones]))


def _zone_choice(zone: str, chosen: bool) -> str:
    name, pressed = escape(zone), ' aria-pressed="true"' if chosen else ""
    return f'<button type="button" data-zone-set="{name}"{pressed}>{icon("world")}{name}</button>'
