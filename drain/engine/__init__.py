"""Runs attempts: sessions, claims, executors, rescue, prune."""

from __future__ import annotations
