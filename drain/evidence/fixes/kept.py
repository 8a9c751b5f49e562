"""The verdict on a fix for a page: judged now, or on a large site as maintenance kept it, with its time.

Judging reads every try of up to 20,000 phases, which takes seconds where there are as many. Maintenance does
that every ten minutes and whenever a drain ended, so what a page of a large site shows was true then, and it
says when that was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from drain.evidence.fixes.judgement import FixVerdict, judge_marker
from drain.evidence.fixes.reading import Left
from drain.evidence.fixes.verdict import CauseVerdict, FixDemands, Others, Ruling
from drain.evidence.rollups.fold import state_totals
from drain.evidence.statistics.sequence import Bounds
from drain.models import FixMarker

LARGE = 5_000
"""Phases of a site with more of which a page may not take the time to judge."""
KEPT_FOR = timedelta(minutes=30)
"""An older verdict was kept by a maintenance that rests since: it is judged anew."""


class Judgement(NamedTuple):
    """A verdict on a fix, and when it was found."""

    verdict: FixVerdict
    at: datetime
    kept: bool = False
    """By maintenance; what ended since is not in it."""


JudgeFix = Callable[[FixMarker], Judgement]


def judged_now(marker: FixMarker) -> Judgement:
    """Return the verdict of now, however long that takes: for files, commands and maintenance."""
    return Judgement(judge_marker(marker), timezone.now())


def judgement(marker: FixMarker, now: datetime) -> Judgement:
    """The verdict of now, or the one that maintenance kept where judging takes long."""
    kept = _kept(marker)
    if kept is not None and now - kept.at < KEPT_FOR and _large():
        return kept
    return Judgement(judge_marker(marker), now)


def to_keep(verdict: FixVerdict, at: datetime) -> dict[str, Any]:
    """All that the verdict says, and when that was, as plain values for the marker's own."""
    return {"at": at.isoformat(), "whole": asdict(verdict)}


def _kept(marker: FixMarker) -> Judgement | None:
    """Return the verdict that maintenance kept; None without one, or in an earlier release's form."""
    with suppress(KeyError, TypeError):
        at, whole = datetime.fromisoformat(marker.verdict["at"]), marker.verdict["whole"]
        causes = tuple(_cause(one) for one in whole["causes"])
        limits, left = FixDemands(**whole["limits"]), Left(**whole["left"])
        return Judgement(FixVerdict(Ruling(whole["ruling"]), causes, limits, left), at, kept=True)
    return None


def _cause(kept: Mapping[str, Any]) -> CauseVerdict:
    others = kept["others"]
    return CauseVerdict(**{
        **kept,
        "ruling": Ruling(kept["ruling"]),
        "after": Bounds(*kept["after"]),
        "before": Bounds(*kept["before"]),
        "others": others and Others(Bounds(*others["before"]), Bounds(*others["after"])),
    })  # fmt: skip


def _large() -> bool:
    return sum(state_totals().values()) > LARGE
