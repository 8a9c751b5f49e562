"""Bars, sparklines, lanes and intervals as SVG. Positions are percentage attributes: no inline style.

What a page draws a hundred times is put together by hand: numbers and classes of our own need no escaping,
every word gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from drain.dashboard.ui.formats import number, share_of
from drain.dashboard.ui.states import look
from drain.policy.stopping.gauges import NEAR

# Below this share a segment would vanish; it is drawn this wide so that one phase of a million is seen.
_LEAST = 0.35
NEAR_LIMIT = NEAR * 100


def split_bar(
    parts: Iterable[tuple[str, int]], total: int, label: str, css: str = ""
) -> SafeString:
    """(state, count) pairs of `total` side by side; what is missing to the total stays empty track.

    `label` names the bar for a screen reader. `untouched` is hatched, so it differs without colour.
    """
    shown = [(state, count) for state, count in parts if count > 0]
    widths = [max(_LEAST, share_of(count, total)) for _, count in shown]
    scale = 100 / max(100.0, sum(widths))
    body, left = [], 0.0
    for (state, _), width in zip(shown, widths, strict=True):
        body.append(_segment(state, left, width * scale))
        left += width * scale
    words = ", ".join([f"{look(state).word} {number(count)}" for state, count in shown])
    return SafeString(
        f'<svg class="bar {escape(css)}" role="img" aria-label="{escape(label)}: {escape(words) or "nothing"}">'
        f'<rect class="track" width="100%" height="100%"></rect>{"".join(body)}</svg>'
    )


def _segment(state: str, left: float, width: float) -> str:
    place = f'x="{left:.3f}%" width="{width:.3f}%" height="100%"'
    piece = f'<rect class="seg" {place}></rect>'
    if state == "untouched":
        piece = f'<rect class="hatch-base" {place}></rect><rect {place} fill="url(#hatch)"></rect>'
    gap = f'<rect class="gap" x="{left:.3f}%" width="1.5" height="100%"></rect>' if left else ""
    return f'<g class="{look(state).css}">{piece}{gap}</g>'


def thin_bar(value: float, limit: float, css: str = "grey") -> SafeString:
    """A bar of 4 px: `value` of `limit`. Decorative, since the numbers stand beside it."""
    return format_html(
        '<svg class="bar thin {}" aria-hidden="true"><rect class="track" width="100%" height="100%"></rect>'
        '<rect width="{}" height="100%"></rect></svg>',
        css,
        f"{share_of(value, limit):.2f}%",
    )


def gauge_css(observed: float, limit: float, *, fault: bool, tripped: bool) -> str:
    """`s-held` when a fault limit is near or has tripped; budgets (batch, time) stay grey."""
    near = fault and share_of(observed, limit) >= NEAR_LIMIT
    return "s-held" if tripped or near else "grey"


def sparkline(values: Sequence[float], css: str = "") -> SafeString:
    """A line without axes, 100 x 26 units stretched to its box; nothing under two values."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = 100 / (len(values) - 1)
    points = (f"{i * step:.1f} {25 - 24 * (v - low) / span:.1f}" for i, v in enumerate(values))
    return format_html(
        '<svg class="spark {}" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="M{}"></path></svg>',
        css,
        "L".join(points),
    )


@dataclass(frozen=True, slots=True)
class LaneMark:
    """A stretch of a timeline lane; `start` and `end` between 0 and 1 of the shown period."""

    state: str
    start: float
    end: float
    title: str
    wait: bool = False


def lane(
    marks: Iterable[LaneMark], hours: Iterable[float], fixes: Iterable[float], label: str
) -> SafeString:
    """Draw one phase's attempts on a period."""
    return lanes(hours, fixes)(marks, label)


def lanes(
    hours: Iterable[float], fixes: Iterable[float]
) -> Callable[[Iterable[LaneMark], str], SafeString]:
    """Return the function that draws marks with their label on the period that all lanes of a table share."""
    below, above = _lines("hour", hours), _lines("fix", fixes)

    def draw(marks: Iterable[LaneMark], label: str) -> SafeString:
        drawn = f"{below}{''.join(map(_mark, marks))}{above}"
        return SafeString(
            f'<svg class="lane" role="img" aria-label="{escape(label)}">{drawn}</svg>'
        )

    return draw


def _lines(css: str, places: Iterable[float]) -> str:
    drawn = (f'<line class="{css}" x1="{x}" x2="{x}" y2="100%"></line>' for x in map(_at, places))
    return "".join(drawn)


def _at(share: float) -> str:
    return f"{min(1.0, max(0.0, share)) * 100:.2f}%"


def _mark(mark: LaneMark) -> str:
    # An attempt of a second in a period of hours is still one visible mark.
    width = max(0.012, mark.end - mark.start)
    y, height, radius = (14, 3, 1.5) if mark.wait else (10, 11, 2)
    return (
        f'<rect class="{look(mark.state).css}" x="{_at(min(mark.start, 1 - width))}" width="{_at(width)}"'
        f' y="{y}" height="{height}" rx="{radius}"><title>{escape(mark.title)}</title></rect>'
    )


def lane_head(ticks: Iterable[tuple[float, str, bool]]) -> SafeString:
    """The hours over the lanes: (position between 0 and 1, text, whether it is set off)."""
    texts = format_html_join(
        "",
        '<text class="{}" x="{}" y="14">{}</text>',
        (("major" if major else "", _at(x), text) for x, text, major in ticks),
    )
    return format_html('<svg class="lane lane-head" aria-hidden="true">{}</svg>', texts)


@dataclass(frozen=True, slots=True)
class ShareInterval:
    """A share with its bounds, all between 0 and 1; None where there is no data."""

    share: float
    low: float
    high: float


def interval(
    before: ShareInterval | None, after: ShareInterval | None, ask: float | None, label: str
) -> SafeString:
    """Dot and whisker of a rate before (open) and after (filled), with the line a check asks for."""
    rules = format_html_join(
        "",
        '<line class="rule" x1="{0}" x2="{0}" y2="100%"></line>',
        ((f"{x}%",) for x in (0, 25, 50, 75, 100)),
    )
    asked = (
        ""
        if ask is None
        else format_html('<line class="ask" x1="{0}" x2="{0}" y2="100%"></line>', _at(ask))
    )
    return format_html(
        '<svg class="interval" role="img" aria-label="{}">{}{}{}{}</svg>',
        label,
        rules,
        asked,
        _whisker(before, "before", 24) if before else "",
        _whisker(after, "after", 14) if after else "",
    )


def _whisker(rate: ShareInterval, kind: str, y: int) -> SafeString:
    return format_html(
        '<g class="s-complete"><line class="{0}" x1="{1}" x2="{2}" y1="{3}" y2="{3}"></line>'
        '<circle class="{0}" cx="{4}" cy="{3}" r="{5}"></circle></g>',
        kind,
        _at(rate.low),
        _at(rate.high),
        y,
        _at(rate.share),
        4.5 if kind == "before" else 5.5,
    )


def difference(change: ShareInterval | None, label: str) -> SafeString:
    """A change of a share with its bounds, all between -1 and 1, against the line of no change."""
    scale = format_html_join(
        "",
        '<line class="{1}" x1="{0}%" x2="{0}%" y2="100%"></line>',
        ((0, "rule"), (25, "rule"), (50, "ask"), (75, "rule"), (100, "rule")),
    )
    parts = (change.share, change.low, change.high) if change else ()
    drawn = [(part + 1) / 2 for part in parts]
    return format_html(
        '<svg class="interval" role="img" aria-label="{}">{}{}</svg>',
        label,
        scale,
        _whisker(ShareInterval(*drawn), "after", 19) if drawn else "",
    )


def difference_head() -> SafeString:
    """The scale over a drawn difference: minus 100, 0 and plus 100 points."""
    texts = format_html_join(
        "",
        '<text class="{}" x="{}%" y="14">{}</text>',
        (("", 0, "−100"), ("major", 50, "0"), ("", 100, "+100 points")),
    )
    return format_html('<svg class="interval head" aria-hidden="true">{}</svg>', texts)


def interval_head(ask: float | None) -> SafeString:
    """The scale over interval plots: 0, 50, 100 and the asked share set off."""
    ticks = [(0.0, "0", ""), (0.5, "50", ""), (1.0, "100", "")]
    if ask is not None:
        ticks = [tick for tick in ticks if abs(tick[0] - ask) > 0.25]
        ticks.append((ask, f"{ask * 100:.0f} %", "major"))
    texts = format_html_join(
        "",
        '<text class="{}" x="{}" y="14">{}</text>',
        ((css, _at(x), text) for x, text, css in ticks),
    )
    return format_html('<svg class="interval head" aria-hidden="true">{}</svg>', texts)


def heat_level(count: int) -> int:
    """The step of the causes matrix: 0 for none, then breaks at 1, 5, 25, 100, 200."""
    return sum(count >= edge for edge in (1, 5, 25, 100, 200))
