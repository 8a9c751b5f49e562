"""Charts as typed series: what the chart scripts draw, and the same numbers as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from drain.dashboard.ui.states import look
from drain.policy.words import NOTHING


@dataclass(frozen=True, slots=True)
class Chart:
    """The input of the macro `chart`: `data` for the script, `heads` and `rows` for the table beside."""

    data: dict[str, Any]
    heads: tuple[str, ...]
    rows: list[tuple[object, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Series:
    """One stacked part: a state's name and a count for each moment of the axis."""

    state: str
    values: Sequence[int]
    word: str = ""


@dataclass(frozen=True, slots=True)
class Marker:
    """A fix marker: its name and the position on the axis that it stands at."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Completion rates in percent (0 to 100) with their interval; None where nothing was attempted."""

    rate: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def stacked_chart(
    moments: Sequence[datetime], series: Sequence[Series], markers: Sequence[Marker] = ()
) -> Chart:
    """Counts over time, for the kinds `bars` and `states`. Moments are local, in rising order."""
    axis = time_axis(moments)
    data = {**axis, "series": _parts(series), "markers": _marks(markers)}
    rows = [(label, *(part.values[i] for part in series)) for i, label in enumerate(axis["labels"])]
    return Chart(data, ("Time", *(part["word"] for part in data["series"])), rows[::-1])


def rate_chart(
    moments: Sequence[datetime],
    rates: Rates,
    series: Sequence[Series],
    markers: Sequence[Marker] = (),
    hours: int = 3,
) -> Chart:
    """Completion rate with its interval over attempts by outcome, for the kind `rate`.

    A rate is that of the `hours` up to its moment, counts are those of the moment alone:
    each is named for what it is.
    """
    name = f"Completion rate, {hours} h rolling"
    below = stacked_chart(moments, series, markers)
    data = {
        **below.data,
        "name": name,
        "rate": list(rates.rate),
        "low": list(rates.low),
        "high": list(rates.high),
    }
    shares = [_share(*values) for values in zip(rates.rate, rates.low, rates.high, strict=True)]
    rows = [(row[0], *share, *row[1:]) for row, share in zip(below.rows, shares[::-1], strict=True)]
    return Chart(data, ("Time", name, "95 % interval", *below.heads[1:]), rows)


def yield_chart(
    moments: Sequence[datetime], per_minute: Sequence[float | None], series: Sequence[Series]
) -> Chart:
    """Events per attempt-minute (None where no attempt ended) over attempts, for the kind `yield`."""
    below = stacked_chart(moments, series)
    rates = [None if value is None else round(value, 3) for value in per_minute]
    rows = [
        (row[0], NOTHING if rate is None else f"{rate:,.2f}", *row[1:])
        for row, rate in zip(below.rows, rates[::-1], strict=True)
    ]
    heads = ("Time", "Events per minute", *below.heads[1:])
    return Chart({**below.data, "rate": rates}, heads, rows)


def _share(rate: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if rate is None or low is None or high is None:
        return NOTHING, NOTHING
    return f"{rate:.1f} %", f"{low:.1f}–{high:.1f} %"


@dataclass(frozen=True, slots=True)
class SankeyFlow:
    """One stream of a Sankey: from a cause to what became of it."""

    cause: str
    result: str
    state: str
    count: int
    was: str = "failed"
    """The state that gives the cause its colour."""


def sankey_chart(flows: Sequence[SankeyFlow], results: Sequence[str] = ()) -> Chart:
    """Causes left in the order in which the flows first name them; so are results, after `results`."""
    left = _totals((flow.cause, flow.was, flow.count) for flow in flows)
    right = _totals((flow.result, flow.state, flow.count) for flow in flows)
    rank = {name: place for place, name in enumerate(results)}
    right.sort(key=lambda item: rank.get(item[0], len(rank)))
    nodes = [_node("l", "left", *item) for item in left] + [
        _node("r", "right", *item) for item in right
    ]
    links = [
        {"source": f"l:{flow.cause}", "target": f"r:{flow.result}", "count": flow.count}
        for flow in flows
    ]
    rows: list[tuple[object, ...]] = [
        (f"{flow.cause} → {flow.result}", flow.count) for flow in flows
    ]
    return Chart({"nodes": nodes, "links": links}, ("Before → after", "Phases"), rows)


def _totals(items: Any) -> list[tuple[str, str, int]]:
    totals: dict[str, tuple[str, int]] = {}
    for name, state, count in items:
        totals[name] = (state, totals.get(name, (state, 0))[1] + count)
    return [(name, state, count) for name, (state, count) in totals.items()]


def _node(prefix: str, side: str, name: str, state: str, count: int) -> dict[str, Any]:
    return {"id": f"{prefix}:{name}", "label": name, "count": count, "state": state, "side": side}


def _parts(series: Sequence[Series]) -> list[dict[str, Any]]:
    shown = ((part, look(part.state)) for part in series)
    return [
        {
            "state": seen.css.removeprefix("s-"),
            "word": part.word or seen.word,
            "icon": seen.icon,
            "values": list(part.values),
        }
        for part, seen in shown
    ]


def _marks(markers: Sequence[Marker]) -> list[dict[str, Any]]:
    return [{"name": marker.name, "at": marker.at} for marker in markers]


def axis_end(now: datetime, step: int) -> datetime:
    """Return the end of an axis of slots of `step` hours:
    after `now`, so that slots begin at local midnights.
    """
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return end + timedelta(hours=-timezone.localtime(end).hour % step)


def time_axis(moments: Sequence[datetime]) -> dict[str, list[Any]]:
    """Labels for tooltips, ticks every fourth hour (of a short axis every hour), and those that begin a day."""
    every = 4 if len(moments) > 12 else 1
    spans_days = len(moments) > 1 and (moments[1] - moments[0]).days >= 1
    # The last place may be the present moment, which is no round hour.
    round_ones = [moment.minute == moments[0].minute for moment in moments]
    ticks = [
        _tick(moment, every, spans_days) if rounded else ""
        for moment, rounded in zip(moments, round_ones, strict=True)
    ]
    shape = "%d %b %Y" if spans_days else "%d %b, %H:%M"
    return {
        "labels": [f"{moment:{shape}}" for moment in moments],
        "ticks": ticks,
        "days": [
            not spans_days and moment.hour == 0 and rounded
            for moment, rounded in zip(moments, round_ones, strict=True)
        ],
    }


def _tick(moment: datetime, every: int, spans_days: bool) -> str:
    if spans_days or moment.hour == 0:
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M}" if moment.hour % every == 0 else ""
