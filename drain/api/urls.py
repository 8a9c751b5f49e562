"""Addresses of the API; docs/api.md describes each."""

from __future__ import annotations

from functools import partial

from django.urls import URLPattern, path

from . import acts, reads
from .door import Method, endpoint, nothing

app_name = "api"
CHANGE = "drain.change_drainsession"

urlpatterns: list[URLPattern] = [
    path("overview", endpoint(GET=Method("drain.view_phase", reads.overview)), name="overview"),
    path(
        "sessions",
        endpoint(GET=Method("drain.view_drainsession", reads.session_list)),
        name="session-list",
    ),
    path(
        "sessions/<int:pk>",
        endpoint(GET=Method("drain.view_drainsession", reads.session_detail)),
        name="session-detail",
    ),
    *(
        path(
            f"sessions/<int:pk>/{verb}",
            endpoint(POST=Method(CHANGE, partial(acts.session_act, verb=verb))),
            name=f"session-{verb}",
        )
        for verb in acts.SESSION_VERBS
    ),
    path("phases", endpoint(GET=Method("drain.view_phase", reads.phase_list)), name="phase-list"),
    path(
        "phases/<int:pk>/why",
        endpoint(GET=Method("drain.view_phase", reads.phase_why)),
        name="phase-why",
    ),
    path(
        "fixes/<int:pk>",
        endpoint(GET=Method("drain.view_fixmarker", reads.fix_detail)),
        name="fix-detail",
    ),
    path("runs", endpoint(GET=Method("drain.view_run", reads.run_list)), name="run-list"),
    path(
        "drains",
        endpoint(POST=Method("drain.add_drainsession", acts.drain_start)),
        name="drain-start",
    ),
    path(
        "clear-queued",
        endpoint(POST=Method("drain.clear_queued", acts.clear_queued)),
        name="clear-queued",
    ),
    path("requeue", endpoint(POST=Method("drain.requeue_phase", acts.requeue)), name="requeue"),
    path(
        "bulk/<int:pk>",
        endpoint(GET=Method("drain.view_bulkaction", reads.bulk_detail)),
        name="bulk-detail",
    ),
    path(
        "bulk/<int:pk>/cancel",
        endpoint(POST=Method("drain.view_bulkaction", acts.bulk_cancel)),
        name="bulk-cancel",
    ),
    path("<path:rest>", nothing, name="nothing"),
    path("", nothing, name="root"),
]
