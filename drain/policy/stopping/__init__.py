"""Limits, and what they make of each attempt that ended."""

from __future__ import annotations
