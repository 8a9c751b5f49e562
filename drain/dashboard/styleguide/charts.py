"""Made-up series for the style guide's charts."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from drain.dashboard.ui import charts
from drain.dashboard.ui.charts import Chart, Marker, Rates, SankeyFlow, Series

_HOURS = 48
_FIX = 44
_MOMENTS = [datetime(2025, 12, 26, 15, tzinfo=UTC) + timedelta(hours=i) for i in range(_HOURS)]
_MARKERS = (Marker("FM-11 BUILD-145", 31), Marker("FM-12 BUILD-146", _FIX))


def _complete(hour: int) -> int:
    return (0 if hour < 28 else 2) + (40 if hour >= _FIX else 0)


def _failed(hour: int) -> int:
    return 12 + round(5 * math.sin(hour)) if hour < _FIX else 4


def _outcomes() -> tuple[Series, ...]:
    hours = range(_HOURS)
    return (
        Series("complete", [_complete(hour) for hour in hours]),
        Series("failed", [_failed(hour) for hour in hours]),
        Series("retryable", [hour % 3 for hour in hours]),
        Series("timeout", [int(hour % 7 == 0) for hour in hours]),
    )


def rate_sample() -> Chart:
    """A completion rate that a second fix lifts."""
    rates = [
        5 + 3 * math.sin(h / 3) + (14 if h >= 31 else 0) + 16 * max(0, h - 43)
        for h in range(_HOURS)
    ]
    low = [max(0.0, rate - 5) for rate in rates]
    high = [min(100.0, rate + 9) for rate in rates]
    return charts.rate_chart(_MOMENTS, Rates(rates, low, high), _outcomes(), _MARKERS)


def bars_sample() -> Chart:
    """A fingerprint that ends with its fix."""
    with_it = [_failed(hour) if hour < _FIX else 0 for hour in range(_HOURS)]
    without = [0 if hour < _FIX else 14 + hour % 9 for hour in range(_HOURS)]
    series = (
        Series("failed", with_it, "With this fingerprint"),
        Series("complete", without, "Formerly failed, now complete"),
    )
    return charts.stacked_chart(_MOMENTS, series, _MARKERS[1:])


def states_sample() -> Chart:
    """Phases by state while a backlog drains."""
    hours = range(_HOURS)
    failed = [1486 - 40 * max(0, hour - 40) for hour in hours]
    series = (
        Series("complete", [2000 - count for count in failed]),
        Series("failed", failed),
        Series("queued", [37 + hour % 5 for hour in hours]),
    )
    return charts.stacked_chart(_MOMENTS, series, _MARKERS[1:])


def sankey_sample() -> Chart:
    """Return a Sankey of failures and their later states."""
    return charts.sankey_chart(
        (
            SankeyFlow("ModuleNotFoundError: coverage_tracker", "Complete", "complete", 74),
            SankeyFlow("ModuleNotFoundError: coverage_tracker", "Failed, another one", "failed", 3),
            SankeyFlow("ImportError: ReviewDecision", "Complete", "complete", 49),
            SankeyFlow("ImportError: ReviewDecision", "Failed, same fingerprint", "failed", 2),
            SankeyFlow("patch does not apply", "Complete", "complete", 16),
            SankeyFlow("patch does not apply", "Failed, same fingerprint", "failed", 6),
            SankeyFlow("patch does not apply", "Retryable", "retryable", 4),
            SankeyFlow("23 other fingerprints", "Complete", "complete", 10),
            SankeyFlow("23 other fingerprints", "Timeout", "timeout", 3),
        )
    )
