"""Addresses of the site: pages at the root, admin below /admin/."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from drain.admin.apps import register_models

register_models()
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("drain.api.urls")),
    path("", include("drain.dashboard.urls")),
]

handler400 = "drain.dashboard.http.validation.unreadable"

if settings.OIDC:
    from drain.people.oidc import ROUTES

    urlpatterns += ROUTES
