"""Fingerprints: their list and each one."""

from __future__ import annotations
