"""Drains that start by themselves: at the times of a schedule, and after a fix as far as the evidence holds."""

from __future__ import annotations
