"""Where runs come from."""

from __future__ import annotations
