"""Every part of the interface on one page."""

from __future__ import annotations
