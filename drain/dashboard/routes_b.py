"""Addresses of drains, queued phases, fingerprints and workers."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import new_drain, session_actions, sessions

ROUTES: list[URLPattern] = [
    path("drains/new/", new_drain.session_new, name="session-new"),
    path("drains/", sessions.session_list, name="session-list"),
    path("drains/<int:pk>/", sessions.session_detail, name="session-detail"),
    path(
        "drains/<int:pk>/excluded/<slug:reason>/",
        sessions.session_excluded,
        name="session-excluded",
    ),
    path("drains/<int:pk>/pause/", session_actions.session_pause, name="session-pause"),
    path("drains/<int:pk>/resume/", session_actions.session_resume, name="session-resume"),
    path("drains/<int:pk>/stop/", session_actions.session_stop, name="session-stop"),
    path("drains/<int:pk>/cancel/", session_actions.session_cancel, name="session-cancel"),
]
