"""News: what happened, and where it is sent."""

from __future__ import annotations
