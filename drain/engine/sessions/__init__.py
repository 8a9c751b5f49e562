"""Drain sessions: planned, opened, closed, and what people do to them."""

from __future__ import annotations
