"""The place of a phase in its run: its tier, then its index in the tier, as one number that sorts."""

from __future__ import annotations

from typing import Final

TIER_SIZE: Final = 2**32
"""Indexes are integers of 32 bits, so each tier holds them all."""


def place_of(tier_index: int, phase_index: int) -> int:
    """The place of a phase; in the first tier (0) it is the index itself."""
    return tier_index * TIER_SIZE + phase_index


def place_words(place: int) -> str:
    """The place for people: the index, with the tier where it is not the first."""
    half = TIER_SIZE // 2
    index = (place + half) % TIER_SIZE - half
    tier = (place - index) // TIER_SIZE
    return f"tier {tier}, index {index}" if tier else f"index {index}"
