"""Warm-up of a web process, which its first request would otherwise pay for:
addresses, pages and their parts, the forms' code.

Nothing here asks the database: a web process must start, and say so, while the database is away.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.forms.renderers import get_default_renderer
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import get_resolver

from drain.dashboard.http.timezones import zone_names

ADMIN_PAGES = (
    "actions", "app_list", "base", "change_form", "change_list", "change_list_object_tools",
    "change_list_results", "color_theme_toggle", "filter", "index", "nav_sidebar", "pagination",
    "search_form", "submit_line",
)  # fmt: skip
WIDGETS = (
    "attrs", "checkbox", "hidden", "input", "multiple_hidden", "select", "select_option", "text",
    "textarea",
)  # fmt: skip


def warm() -> int:
    """Import every view, index all addresses and compile every template; returns how many templates."""
    # The first lookup builds the index of names that `reverse` and `{% url %}` use.
    get_resolver().reverse_dict  # noqa: B018 - a property that works when it is read
    admin.site.urls  # noqa: B018 - the same
    zone_names()
    forms = get_default_renderer()
    for name in WIDGETS:
        forms.get_template(f"django/forms/widgets/{name}.html")
    compiled = sum(map(_compile, _templates()))
    # All this stays for good: the cycle collector need not look through it again in the middle of a page.
    gc.collect()
    gc.freeze()
    return compiled


def _templates() -> Iterator[str]:
    for engine in settings.TEMPLATES:
        for folder in map(Path, engine["DIRS"]):
            for path in sorted(folder.rglob("*.html")):
                yield str(path.relative_to(folder))
    for name in ADMIN_PAGES:
        yield f"admin/{name}.html"


def _compile(name: str) -> bool:
    """A template that cannot be compiled says so to who opens its page, and keeps no site from starting."""
    try:
        get_template(name)
    except (TemplateDoesNotExist, TemplateSyntaxError):
        return False
    return True
