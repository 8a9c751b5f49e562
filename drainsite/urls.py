"""Addresses of the site: pages at the root, admin below /admin/."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("drain.dashboard.urls")),
]
