"""Around every page: navigation, counts, saved views."""

from __future__ import annotations
