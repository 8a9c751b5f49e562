"""From the chosen record to type, message, place, key and title."""

from __future__ import annotations
