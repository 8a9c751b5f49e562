"""What happens by itself: rescue, wake-ups, folds. Short, idempotent, safe to run twice."""

from __future__ import annotations

from .rescue import rescue


def tend() -> None:
    """One round of maintenance."""
    rescue()
