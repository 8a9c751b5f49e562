"""Checks on the progress and the end of a drain on fix."""

from __future__ import annotations

from drain.models import (
    Rollout,
)


def always(_: int) -> bool:
    return True


def never(_: int) -> bool:
    return False


def over() -> tuple[str, str]:
    rollout = Rollout.objects.get()
    assert rollout.ended_at is not None
    return rollout.state, rollout.card["rule"]
