"""Addresses of the evidence: fixes, checks, comparisons."""

from __future__ import annotations

from django.urls import URLPattern, path

from drain.dashboard import evidence, evidence_actions

ROUTES: list[URLPattern] = [
    path("evidence/", evidence.evidence_list, name="evidence"),
    path("evidence/compare/", evidence.evidence_compare, name="evidence-compare"),
    path("evidence/markers/new/", evidence_actions.marker_new, name="marker-new"),
    path("evidence/markers/<int:pk>/", evidence.marker_detail, name="marker-detail"),
    path("evidence/checks/new/", evidence_actions.check_new, name="check-new"),
]
