"""Hourly and daily totals, folded from attempts."""

from __future__ import annotations
