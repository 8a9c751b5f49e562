"""Addresses of the pages."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path

from drain.dashboard import routes_a, routes_b, routes_evidence, routes_people

app_name = "drain"
urlpatterns: list[URLPattern] = [
    *routes_a.ROUTES,
    *routes_b.ROUTES,
    *routes_evidence.ROUTES,
    *routes_people.ROUTES,
]

if settings.DEBUG:
    # For developers: every component in every state, from made-up data.
    from drain.dashboard.styleguide import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
