"""The verdicts on fixes whose truth is known, and the false share of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from bench.known_truth.backlogs import CAUSE, FEW, LOOKS, MANY, OLD_HEALED, PLACED, SHARE, Backlog
from bench.known_truth.scenarios import NOT, PARTLY, RESOLVED, SEEN, UNDECIDED, WORKS, Scenario
from drain.evidence.comparison.sides import JUDGED
from drain.evidence.fixes.trials import FixWindow, Tried, trials_of
from drain.evidence.fixes.verdict import CauseVerdict, Evidence, Others, Ruling, judge


def said(backlog: Backlog, count: int) -> CauseVerdict:
    """The verdict when `count` phases have ended since the marker."""
    before = [one for one in backlog.tried if one.started_at <= backlog.marker]
    after = [one for one in backlog.tried if one.started_at > backlog.marker]
    here = [one for one in after if one.planned == CAUSE]
    others = [one for one in after if one.planned != CAUSE]
    share = min(1.0, count / max(1, len(here)))
    shown = here[:count] + others[: round(len(others) * share)]
    found = trials_of(
        sorted(before + shown, key=_place), _touches, _same, FixWindow(backlog.marker)
    )
    evidence = Evidence(
        CAUSE,
        CAUSE,
        found.after.get(CAUSE, ()),
        found.before.get(CAUSE, ()),
        backlog.category,
        backlog.done,
        unended=found.unended.get(CAUSE, ()),
    )
    return judge(evidence, Others.of(found.before.get("", ()), found.after.get("", ())))


def _place(tried: Tried) -> tuple[int, datetime]:
    return tried.phase, tried.started_at


def _touches(key: str) -> str:
    """The headline known alone may be the one with a place."""
    return CAUSE if key in (CAUSE, PLACED) else ""


def _same(one: str, had: str) -> bool:
    return one == had or bool(_touches(one) and _touches(had))


def sentences(backlog: Backlog, true: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Everything that is said at any look, and whether it is false;
    "old" took what had failed as "before".
    """
    after = [
        one for one in backlog.tried if one.started_at > backlog.marker and one.planned == CAUSE
    ]
    for count in [look for look in LOOKS if look < len(after)] + [len(after)]:
        shown, verdict = after[:count], said(backlog, count)
        yield verdict.ruling.value, verdict.ruling.value not in true | UNDECIDED
        if verdict.after.n and not verdict.after.failed:
            if verdict.after.n > verdict.moved:
                yield SEEN, _not_absent(shown)
            if verdict.ruling is Ruling.WORKS:
                yield RESOLVED, WORKS not in true
        yield from _old(shown, len(after), true)


def _not_absent(shown: list[Tried]) -> bool:
    """Return whether a phase did fail by the cause, or none got past it:
    one that fails otherwise may have died before.
    """
    ended = [one for one in shown if one.outcome in JUDGED]
    failed = any(one.key in (CAUSE, PLACED) for one in ended)
    return failed or not any(one.outcome == "complete" for one in ended)


def _old(shown: list[Tried], affected: int, true: frozenset[str]) -> Iterator[tuple[str, bool]]:
    healed = sum(one.outcome == "complete" for one in shown)
    if healed >= OLD_HEALED:
        yield "old better", not true & {WORKS, PARTLY}
    enough = min(affected, MANY, max(FEW, -(-affected // SHARE)))
    if not any(one.key == CAUSE for one in shown):
        yield "old gone", _not_absent(shown)
        if len(shown) >= enough:
            yield "old resolved", WORKS not in true


NAMES = (WORKS, PARTLY, NOT, RESOLVED, SEEN, "old better", "old gone", "old resolved")


def play(scenario: Scenario, backlogs: int, seed: int = 1) -> tuple[Counter[str], Counter[str]]:
    """Count the backlogs that were told each sentence at some look, and those for which it was false."""
    told, false = Counter[str](), Counter[str]()
    for index in range(backlogs):
        backlog = Backlog(random.Random(f"{seed} {scenario.name} {index}"))
        scenario.draw(backlog)
        said_so = set(sentences(backlog, scenario.true))
        told.update({name for name, _ in said_so})
        false.update(name for name, is_false in said_so if is_false)
    return told, false
