"""Attempts that run elsewhere, as jobs of a service: they take a slot and no process."""

from __future__ import annotations
