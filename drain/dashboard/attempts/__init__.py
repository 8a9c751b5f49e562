"""The log of an attempt."""

from __future__ import annotations
