"""The difference between a plan that somebody saw and the plan that a start would freeze."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

SEEN_AT_MOST = 2_000
"""Ids that a page sends along; a longer plan is compared by its digest alone."""


@dataclass(frozen=True, slots=True)
class SeenPlan:
    """A plan as a page showed it: the phases selected, in order."""

    digest: str
    ids: tuple[int, ...] | None
    """None when the plan was too long to send along."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The difference between the plan of now and the one that was seen."""

    joined: tuple[int, ...]
    gone: tuple[int, ...]
    reordered: bool
    """The same phases in another order."""
    unknown: bool = False
    """The plans differ, but the seen one was too long to say how."""

    @property
    def any(self) -> bool:
        """True if anything changed."""
        return bool(self.joined or self.gone or self.reordered or self.unknown)

    @property
    def sentence(self) -> str:
        """The changes in one sentence; "0 phases changed since the preview." when there are none."""
        if self.unknown:
            return "The plan changed since the preview."
        count = len(set(self.joined) | set(self.gone))
        if not count and self.reordered:
            return "0 phases changed since the preview, their order did."
        noun = "phase" if count == 1 else "phases"
        detail = f": {len(self.gone)} left the plan, {len(self.joined)} joined it" if count else ""
        return f"{count} {noun} changed since the preview{detail}."


def seen_plan(ids: Sequence[int]) -> SeenPlan:
    """Return the form fields of a page for the plan with these phases in this order."""
    return SeenPlan(digest(ids), tuple(ids) if len(ids) <= SEEN_AT_MOST else None)


def digest(ids: Sequence[int]) -> str:
    """32 hexadecimal digits that differ when a phase or the order differs."""
    return blake2b(",".join(map(str, ids)).encode(), digest_size=16).hexdigest()


def drift(seen: SeenPlan, planned: Sequence[int]) -> Drift:
    """Compare; `planned` are the phases that would start now, in order."""
    if seen.digest == digest(planned):
        return Drift((), (), reordered=False)
    if seen.ids is None:
        return Drift((), (), reordered=False, unknown=True)
    before, after = set(seen.ids), set(planned)
    joined = tuple(pk for pk in planned if pk not in before)
    gone = tuple(pk for pk in seen.ids if pk not in after)
    return Drift(joined, gone, reordered=not joined and not gone)
