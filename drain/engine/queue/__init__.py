"""Queued phases and what stands in a phase's way."""

from __future__ import annotations
