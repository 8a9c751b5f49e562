"""The page Autopilot: rules that start drains, and drains on fix."""

from __future__ import annotations
