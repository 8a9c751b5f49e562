"""Runs from files: bytes -> records (one module a format) -> our fields (shapes, mappings) -> staging."""

from __future__ import annotations
