"""The life of stored fingerprints: aliases, status, upgrades."""

from __future__ import annotations
