"""The list of who did what."""

from __future__ import annotations
