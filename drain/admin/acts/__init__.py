"""What people do with ticked rows, and rows that they add by hand."""

from __future__ import annotations
