"""Fingerprints: their rows, keys that executors reported, and how failures are filed by them."""

from __future__ import annotations
