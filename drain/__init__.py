"""Drains backlogs of failed phases: policy, engine, evidence, pages."""

from __future__ import annotations

__version__ = "0.2.0"
