"""The question of a comparison, as names and texts: the address of a page, or flags of a command.

Every question has one canonical form, so an address that is passed on means the same to everybody:
times carry their offset, defaults are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.utils import timezone

from drain.evidence.comparison.bounds import Bounded, bounded
from drain.evidence.comparison.compare import Comparison, compare
from drain.evidence.comparison.sides import (
    Side,
    before_session,
    of_fix,
    of_session,
    of_source,
    of_window,
)
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.models import DrainSession, FixMarker, Source
from drain.policy.moments import MomentError, read_moment
from drain.policy.numbers import whole

DEFAULT_DAYS = 7
LONGEST_DAYS = 90
LATEST = "latest"
"""In the place of a drain's number: the newest one; the canonical form has the number."""

Values = Mapping[str, str]


@dataclass(frozen=True)
class ComparisonRequest:
    """Two sides to compare, what they are called, and how to ask for them again."""

    kind: str
    title: str
    sides: tuple[Side, Side]
    """Before and after, whole."""
    now: datetime
    values: dict[str, str]
    """The question in its canonical form."""
    fixed: tuple[str, ...] = ()
    """Keys of causes that the fix in between was meant to end."""
    marker: FixMarker | None = None

    @cached_property
    def _read(self) -> tuple[Bounded, Bounded]:
        """Asked of the database when somebody first needs it: who finds the answer elsewhere does not."""
        before, after = bounded(self.sides, self.now)
        return before, after

    @property
    def before(self) -> Bounded:
        """The side before, cut to what a page reads."""
        return self._read[0]

    @property
    def after(self) -> Bounded:
        """The side after, likewise."""
        return self._read[1]

    def compared(self) -> Comparison:
        """The comparison; what a plan knew of a phase is "before" only where before is all that was."""
        whole = self.kind in ("marker", "drain")
        sides = self.before.side, self.after.side
        return compare(*sides, fixed=self.fixed, from_plan=whole)

    @property
    def argv(self) -> list[str]:
        """The same question for `manage.py`."""
        words = [f"--{self.kind}", *(self.values[name] for name in NAMES[self.kind])]
        days = self.values.get("days")
        return ["compare", *words, *(["--days", days] if days else [])]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the parts of the sides that were not read; empty when all were."""
        return tuple(side.note for side in (self.before, self.after) if side.cut)


def asked(values: Values, now: datetime) -> ComparisonRequest:
    """The two sides that `kind` and its values name. Raises CauseError."""
    kind = values.get("kind", "")
    if kind not in _KINDS:
        names = ", ".join(_KINDS)
        raise CauseError(f"“{kind[:40]}” cannot be compared: give one of {names}.")
    return _KINDS[kind](values, now)


def of_marker(marker: FixMarker, days: int, now: datetime) -> ComparisonRequest:
    """The days before a fix against everything since, of what the fix concerns."""
    keys = tuple(marker.fingerprints.order_by("key").values_list("key", flat=True))
    before, after = of_fix(marker, keys)
    before = replace(before, since=marker.applied_at - timedelta(days=days))
    return ComparisonRequest(
        kind="marker",
        title=f"Before and after FM-{marker.pk}",
        sides=(before, after),
        now=now,
        values={"kind": "marker", "marker": str(marker.pk), "days": str(days)},
        fixed=keys,
        marker=marker,
    )


def _marker(values: Values, now: datetime) -> ComparisonRequest:
    number = _number(values, "marker")
    marker = FixMarker.objects.filter(pk=number).first()
    if marker is None:
        raise CauseError(f"There is no fix marker {number}: choose one of the list.")
    return of_marker(marker, days_of(values), now)


def _drain(values: Values, now: datetime) -> ComparisonRequest:
    session = _session(values, "drain")
    return ComparisonRequest(
        kind="drain",
        title=f"Before and in drain {session.pk}",
        sides=(before_session(session), of_session(session)),
        now=now,
        values={"kind": "drain", "drain": str(session.pk)},
    )


def _drains(values: Values, now: datetime) -> ComparisonRequest:
    one, two = _session(values, "a"), _session(values, "b")
    if one == two:
        raise CauseError(f"Both sides are drain {one.pk}: choose two different drains.")
    return ComparisonRequest(
        kind="drains",
        title=f"Drain {one.pk} and drain {two.pk}",
        sides=(of_session(one), of_session(two)),
        now=now,
        values={"kind": "drains", "a": str(one.pk), "b": str(two.pk)},
    )


def _sources(values: Values, now: datetime) -> ComparisonRequest:
    one, two = _source(values, "a"), _source(values, "b")
    if one == two:
        raise CauseError(f"Both sides are the source {one.name}: choose two different sources.")
    days = days_of(values)
    since = now - timedelta(days=days)
    return ComparisonRequest(
        kind="sources",
        title=f"{one.name} and {two.name}",
        sides=(replace(of_source(one), since=since), replace(of_source(two), since=since)),
        now=now,
        values={"kind": "sources", "a": str(one.pk), "b": str(two.pk), "days": str(days)},
    )


def _windows(values: Values, now: datetime) -> ComparisonRequest:
    texts = {name: values.get(name, "") for name in NAMES["windows"]}
    moments = {name: _moment(text, now) for name, text in texts.items()}
    one = _window(moments["a_from"], moments["a_to"])
    two = _window(moments["b_from"], moments["b_to"])
    if max(moments["a_from"], moments["b_from"]) < min(moments["a_to"], moments["b_to"]):
        raise CauseError(
            "The two stretches overlap, and what lies in both proves nothing: end one where the other begins."
        )
    return ComparisonRequest(
        kind="windows",
        title="Two stretches of time",
        sides=(one, two),
        now=now,
        values={"kind": "windows"} | {name: at.isoformat() for name, at in moments.items()},
    )


def _moment(text: str, now: datetime) -> datetime:
    try:
        return read_moment(text, timezone.localtime(now))
    except MomentError as error:
        raise CauseError(str(error)) from None


def _window(since: datetime, until: datetime) -> Side:
    if since >= until:
        raise CauseError(f"{until.isoformat()} is not after {since.isoformat()}: swap the two.")
    if until - since > timedelta(days=LONGEST_DAYS):
        raise CauseError(f"A stretch of time has at most {LONGEST_DAYS} days: make it shorter.")
    return of_window(since.astimezone(UTC), until.astimezone(UTC))


def _session(values: Values, name: str) -> DrainSession:
    if values.get(name, "").strip() == LATEST:
        newest = DrainSession.objects.order_by("-pk").first()
        if newest is None:
            raise CauseError("There is no drain yet: start one first.")
        return newest
    number = _number(values, name)
    found = DrainSession.objects.filter(pk=number).first()
    if found is None:
        raise CauseError(f"There is no drain {number}: choose one of the list of drains.")
    return found


def _source(values: Values, name: str) -> Source:
    text = values.get(name, "").replace("\0", "")
    found = Source.objects.filter(name=text).first()
    if found is None and (number := whole(text)) is not None:
        found = Source.objects.filter(pk=number).first()
    if found is None:
        raise CauseError(f"There is no source “{text[:60]}”: give the name of one.")
    return found


def days_of(values: Values) -> int:
    """The days before a fix, or of two sources; DEFAULT_DAYS when nothing is said. Raises CauseError."""
    text = values.get("days", "") or str(DEFAULT_DAYS)
    days = whole(text, LONGEST_DAYS)
    if not days:
        raise CauseError(f"Days “{text[:20]}” makes no sense: give 1 to {LONGEST_DAYS}.")
    return days


def _number(values: Values, name: str) -> int:
    text = values.get(name, "").strip()
    number = whole(text)
    if number is None:
        raise CauseError(
            f"“{text[:40]}” is no number of a {_WORDS.get(name, 'drain')}: use digits."
        )
    return number


_WORDS = {"marker": "fix marker"}
NAMES: Mapping[str, tuple[str, ...]] = {
    "marker": ("marker",),
    "drain": ("drain",),
    "drains": ("a", "b"),
    "windows": ("a_from", "a_to", "b_from", "b_to"),
    "sources": ("a", "b"),
}
"""The values that each kind of question needs."""
_KINDS: dict[str, Callable[[Values, datetime], ComparisonRequest]] = {
    "marker": _marker,
    "drain": _drain,
    "drains": _drains,
    "windows": _windows,
    "sources": _sources,
}
