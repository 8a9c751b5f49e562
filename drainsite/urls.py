"""Addresses of the site: pages at the root, admin below /admin/."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from drain.admin.apps import register_models
from drain.api.metrics import metrics
from drain.dashboard.http.methods import READ, answers

register_models()
_docs = answers(READ)(RedirectView.as_view(pattern_name="api:openapi-view"))
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("metrics", metrics, name="metrics"),
    path("api/", login_not_required(_docs), name="api-docs"),
    path("api/v1/", include("drain.api.urls")),
    path("", include("drain.dashboard.urls")),
]

handler400 = "drain.dashboard.http.validation.unreadable"

if settings.OIDC:
    from drain.people.oidc import ROUTES

    urlpatterns += ROUTES
