"""Commands that run a site: up, db, demo."""

from __future__ import annotations
