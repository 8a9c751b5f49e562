"""Addresses of signing in, the overview, runs, phases, logs and the search."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, path

from drain.dashboard.attempt_log import attempt_log, attempt_log_file
from drain.dashboard.overview import overview
from drain.dashboard.phases import phase_detail
from drain.dashboard.runs import run_detail, run_list
from drain.dashboard.search import search
from drain.dashboard.telemetry import telemetry

_LOGIN = LoginView.as_view(
    template_name="drain/login.html",
    redirect_authenticated_user=True,
    # The other way in, where a provider is configured.
    extra_context={"sign_on": settings.DRAIN_OIDC_NAME if settings.OIDC else ""},
)

ROUTES: list[URLPattern] = [
    path("login/", _LOGIN, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", overview, name="overview"),
    path("runs/", run_list, name="run-list"),
    path("runs/<int:pk>/", run_detail, name="run-detail"),
    path("phases/<int:pk>/", phase_detail, name="phase-detail"),
    path("attempts/<int:pk>/log/", attempt_log, name="attempt-log"),
    path("attempts/<int:pk>/log.txt", attempt_log_file, name="attempt-log-file"),
    path("search/", search, name="search"),
    path("telemetry/", telemetry, name="telemetry"),
]
