"""The same phases on two sides (drain.evidence.comparison.query says which):
where each one moved, and what that proves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from drain.evidence.comparison.query import MoveRead
from drain.evidence.fingerprints.aliases import FingerprintSummary
from drain.evidence.fingerprints.identity import FingerprintIdentity

Ends = tuple[str, FingerprintSummary | None, str, FingerprintSummary | None]


@dataclass(frozen=True, slots=True)
class Move:
    """Phases that went from one end to another; causes are empty where the end is not a failure."""

    was: str
    was_cause: FingerprintSummary | None
    became: str
    became_cause: FingerprintSummary | None
    phases: int
    may_be_same: bool = False
    """Two causes that are not known to be one, and may be."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The same phases before and after."""

    moves: tuple[Move, ...]
    """Most phases first."""
    from_plan: int
    """The number of phases whose earlier failure only the plan knows."""

    @property
    def n(self) -> int:
        """Phases on both sides."""
        return sum(move.phases for move in self.moves)

    @property
    def all_failed_before(self) -> bool:
        """Chosen because they had failed: then the rate can only rise."""
        return all(move.was != "complete" for move in self.moves)

    def gained(self) -> int:
        """Phases that had not completed and now have."""
        return self._count(False, True)

    def lost(self) -> int:
        """Phases that had completed and now have not."""
        return self._count(True, False)

    def failed(self) -> tuple[int, int]:
        """Phases that had not completed before, and that have not after."""
        was = sum(move.phases for move in self.moves if move.was != "complete")
        now = sum(move.phases for move in self.moves if move.became != "complete")
        return was, now

    def tried(self) -> dict[str, int]:
        """Phases on both sides by the key of the cause that they had failed with before.

        One whose attempt was lost shows nothing, and is not among them.
        """
        return self._by_cause(lambda move: move.became != "lost")

    def completed(self) -> dict[str, int]:
        """Count the tried phases that completed.

        One that fails by something else may have died before what it had failed by could come.
        """
        return self._by_cause(lambda move: move.became == "complete")

    def _by_cause(self, holds: Callable[[Move], bool]) -> dict[str, int]:
        counts = Counter[str]()
        for move in self.moves:
            if move.was_cause is not None and holds(move):
                counts[move.was_cause.key] += move.phases
        return dict(counts)

    def _count(self, was: bool, became: bool) -> int:
        return sum(
            move.phases
            for move in self.moves
            if (move.was == "complete") is was and (move.became == "complete") is became
        )


def pairs_of(
    moves: Iterable[MoveRead],
    known: Mapping[str, FingerprintSummary],
    identity: Mapping[str, FingerprintIdentity],
) -> Pairs:
    """Return the phases on both sides, with merged fingerprints counted for their target."""
    totals = Counter[Ends]()
    from_plan = 0
    for move in moves:
        was, became = known.get(move.was_key), known.get(move.became_key)
        totals[move.was, was, move.became, became] += move.phases
        from_plan += move.phases if move.from_plan else 0
    return Pairs(
        tuple(
            sorted(
                (Move(*ends, n, _may_be(ends, identity)) for ends, n in totals.items()), key=_order
            )
        ),
        from_plan,
    )


def _may_be(ends: Ends, identity: Mapping[str, FingerprintIdentity]) -> bool:
    _, was, _, became = ends
    if was is None or became is None or was == became:
        return False
    return identity[was.key].may_be(identity[became.key])


def _order(move: Move) -> tuple[int, str, str, str, str]:
    was = move.was_cause.key if move.was_cause else ""
    became = move.became_cause.key if move.became_cause else ""
    return -move.phases, move.was, was, move.became, became
