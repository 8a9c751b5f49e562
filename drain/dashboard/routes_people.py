"""Addresses of what concerns people: the audit and its export, and saved views."""

from __future__ import annotations

from django.urls import URLPattern, path

from drain.dashboard import audit, saved_views

ROUTES: list[URLPattern] = [
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export.csv", audit.audit_export, name="audit-export"),
    path("views/save/", saved_views.view_save, name="view-save"),
    path("views/<int:pk>/rename/", saved_views.view_rename, name="view-rename"),
    path("views/<int:pk>/delete/", saved_views.view_delete, name="view-delete"),
]
