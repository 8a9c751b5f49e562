"""Acts on many rows."""

from __future__ import annotations
