"""Checks: what a drain must show, judged and listed."""

from __future__ import annotations
