"""Drains backlogs of failed phases: policy, engine, evidence, pages."""

from __future__ import annotations
