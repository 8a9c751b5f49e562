"""Addresses of what concerns people: the audit and its export."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import audit

ROUTES: list[URLPattern] = [
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export.csv", audit.audit_export, name="audit-export"),
]
