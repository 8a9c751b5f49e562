"""Acts on ticked rows, and rows that people add by hand."""

from __future__ import annotations
