"""The list of models beside every page of the admin: Django's markup, without asking a template for each model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from django.utils.safestring import SafeString

Facts = Mapping[str, Any]
_CURRENT = ' aria-current="page"'


def sidebar(apps: Iterable[Facts], here: str) -> SafeString:
    """The tables of `AdminSite.get_app_list`; `here` is the path of the page."""
    return SafeString("".join(_app(app, here) for app in apps))


def _app(app: Facts, here: str) -> str:
    label, name, address = (escape(str(app[key])) for key in ("app_label", "name", "app_url"))
    current = " current-app" if app["app_url"] in here else ""
    rows = "".join(_model(label, model, here) for model in app["models"])
    return (
        f'<div class="app-{label} module{current}"><table>'
        f'<caption><a href="{address}" class="section" title="Models in the {name} application">{name}</a></caption>'
        '<thead class="visually-hidden"><tr><th scope="col">Model name</th><th scope="col">Add link</th></tr></thead>'
        f"{rows}</table></div>"
    )


def _model(label: str, model: Facts, here: str) -> str:
    key, name = escape(model["object_name"].lower()), escape(str(model["name"]))
    # None where a person may not go.
    address, add = escape(model["admin_url"] or ""), escape(model["add_url"] or "")
    current = bool(address) and address in here
    if address:
        name = f'<a href="{address}"{_CURRENT if current else ""}>{name}</a>'
    link = f'<a href="{add}" class="addlink" aria-describedby="{label}-{key}">Add</a>'
    return (
        f'<tr class="model-{key}{" current-model" if current else ""}">'
        f'<th scope="row" id="{label}-{key}">{name}</th><td>{link if add else ""}</td></tr>'
    )
