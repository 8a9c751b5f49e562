"""Parts that all lists share: the order of their rows, a range of dates, pages, and downloads."""

from __future__ import annotations
