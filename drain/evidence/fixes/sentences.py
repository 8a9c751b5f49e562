"""Sentences about a fix, in plain text; every number with the phases that it stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drain.evidence.fixes.contrast import FEWEST
from drain.evidence.fixes.verdict import CauseVerdict, FixDemands, Ruling
from drain.evidence.statistics.sequence import FEW_RUNS, Bounds
from drain.policy.words import agrees, counted

WORDS = {
    Ruling.WORKS: "Works",
    Ruling.PARTLY: "Works partly",
    Ruling.DOES_NOT_WORK: "Does not work",
    Ruling.NOT_ENOUGH_DATA: "Not enough data",
    Ruling.CANNOT_BE_TOLD: "Cannot be told",
}
NO_CAUSE = (
    "The fix names no fingerprint, and no source or runs in which something had failed before it: "
    "name what it was meant to end."
)


def fix(
    causes: Sequence[CauseVerdict], ruling: Ruling, limits: FixDemands, failing: int, untried: int
) -> str:
    """The verdict on a fix: one cause in full, of several what each came to."""
    if not causes:
        return NO_CAUSE
    if len(causes) == 1:
        said = cause(causes[0])
    elif len({one.ruling for one in causes}) == 1:
        said = f"{WORDS[ruling]} for each of {counted(len(causes), 'fingerprint')}. {_each(causes)}"
    else:
        said = _each(causes)
    if asked := asked_for(ruling, limits):
        said += f" {asked}"
    return f"{said}{left(failing, untried)}"


def asked_for(ruling: Ruling, limits: FixDemands) -> str:
    """Return the limits that a fix had to keep, where it works; "" of another."""
    if ruling is not Ruling.WORKS:
        return ""
    return f"Asked for: at most {_percent(limits.gain)}, surely below {_percent(limits.majority)}."


def short(
    causes: Sequence[CauseVerdict], ruling: Ruling, limits: FixDemands, failing: int, untried: int
) -> str:
    """The verdict on a fix where each of its causes stands beside it; of one cause the whole of it."""
    if len(causes) < 2:
        return fix(causes, ruling, limits, failing, untried)
    return f"{headline(causes, ruling)}{left(failing, untried)}"


def headline(causes: Sequence[CauseVerdict], ruling: Ruling) -> str:
    """The verdict on a fix in one short sentence: of several causes for how many what."""
    if not causes:
        return NO_CAUSE
    if len(causes) == 1:
        return f"{WORDS[ruling]}."
    counts = Counter(one.ruling for one in causes)
    parts = [f"{WORDS[each].lower()} for {counts[each]}" for each in WORDS if counts[each]]
    said = f"{', '.join(parts)} of" if len(counts) > 1 else f"{WORDS[ruling]} for each of"
    return f"{said[0].upper()}{said[1:]} {counted(len(causes), 'fingerprint')}."


def _each(causes: Sequence[CauseVerdict]) -> str:
    return " ".join(f"{WORDS[one.ruling]} for “{one.title}”: {cause(one)}" for one in causes)


def cause(one: CauseVerdict) -> str:
    """The verdict on one cause, with both sides."""
    if not one.after.n:
        return f"No phase that had failed this way has been tried since the fix{_at_source(one)}{_unended(one)}."
    parts = [f"Since the fix {_side(one.after)} failed this way again"]
    if one.before.n:
        parts.append(f"; before it {_side(one.before)}")
    if one.moved:
        parts.append(f"; {one.moved} of {one.after.n} failed by something else")
    parts.append(_at_source(one))
    parts.append(_unended(one))
    return f"{''.join(parts)}{_reason(one)}."


def brief(one: CauseVerdict) -> str:
    """The same at a glance, without bounds: how many failed again on both sides, what speaks against it."""
    if not one.after.n:
        return cause(one)
    parts = [f"{one.after.failed:.0f} of {counted(one.after.n, 'phase')} failed this way again"]
    if one.before.n:
        parts.append(f", before the fix {one.before.failed:.0f} of {one.before.n}")
    if one.moved:
        parts.append(f"; {one.moved} failed by something else")
    return f"{''.join(parts)}{_at_source(one)}{_unended(one)}{_reason(one)}."


def _unended(one: CauseVerdict) -> str:
    if not one.unended:
        return ""
    started = f"{one.unended}{' more' if one.after.n else ''}"
    if one.unended == 1:
        return f"; {started} was started since and has not ended by itself"
    return f"; {started} were started since and have not ended by themselves"


def _at_source(one: CauseVerdict) -> str:
    if not one.at_source:
        return ""
    phases = counted(one.at_source, "phase")
    return f"; {phases} failed this way at their source since"


def _reason(one: CauseVerdict) -> str:
    if one.ruling is Ruling.CANNOT_BE_TOLD:
        return _untold(one)
    if one.ruling is not Ruling.NOT_ENOUGH_DATA:
        return ""
    if one.enough is not None:
        return f": not enough data, {one.enough} since the fix would be enough if the share stays"
    return ": not enough data, and no number of phases since the fix would do: too few were tried before it"


def _untold(one: CauseVerdict) -> str:
    if one.doubt:
        return f"; {one.doubt}"
    if one.before.n < FEWEST:
        few = "none" if not one.before.n else f"only {one.before.n}"
        beside = ""
        if one.others is not None:
            beside = f" (of other fingerprints {_side(one.others.after)}, and a second try may do that alone)"
        return f"; that cannot be told from a second try{beside}: {few} had been tried again before the fix"
    if one.others is None:
        return ""
    return (
        f"; it cannot be told from a general recovery: of phases that failed by other fingerprints "
        f"{_side(one.others.before)} failed again before the fix and {_side(one.others.after)} since"
    )


def _side(found: Bounds) -> str:
    """3 of 30 phases (10.0 %, 0.8 to 34.7 %), with the runs where they are few."""
    runs = ""
    if found.runs < FEW_RUNS and found.runs < found.n:
        runs = f" in {counted(found.runs, 'run')}"
    span = f"{found.low * 100:.1f} to {found.high * 100:.1f} %"
    return f"{found.failed:.0f} of {counted(found.n, 'phase')}{runs} ({found.share * 100:.1f} %, {span})"


def left(failing: int, untried: int) -> str:
    """Return a sentence on the phases failed by the causes now, to follow another; "" for none."""
    if not failing:
        return ""
    phases = f"{counted(failing, 'phase')} {agrees(failing)}"
    return f" {phases} failed by it now, {untried} of them not tried since the fix."


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
