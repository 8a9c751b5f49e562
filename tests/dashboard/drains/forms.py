"""Requests of the page of a new drain."""

from __future__ import annotations

from drain.policy.selection.drift import seen_plan

FRAGMENT = {"HX-Request": "true"}


def seen(phases, **typed):
    """Return the fields that the page sends after it has shown these phases, with the typed ones."""
    plan = seen_plan([phase.pk for phase in phases])
    return typed | {"seen_digest": plan.digest, "seen_ids": ",".join(map(str, plan.ids or ()))}
