"""Drains: their list, each one, a new one, their reports."""

from __future__ import annotations
