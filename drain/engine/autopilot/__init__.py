"""Drains that start by themselves: at scheduled times, and after a fix as far as the evidence holds."""

from __future__ import annotations
