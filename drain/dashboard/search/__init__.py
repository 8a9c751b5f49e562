"""Search and the palette."""

from __future__ import annotations
