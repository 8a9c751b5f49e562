"""Fix markers and how each fix stands."""

from __future__ import annotations
