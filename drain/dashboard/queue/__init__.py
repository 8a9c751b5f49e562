"""Queued phases, and acting on many at once."""

from __future__ import annotations
