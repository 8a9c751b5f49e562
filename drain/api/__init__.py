"""The API over HTTP, for scripts."""

from __future__ import annotations
