"""Fixes, checks and comparisons."""

from __future__ import annotations
