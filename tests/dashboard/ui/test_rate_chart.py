"""A rolling rate beside the counts of one hour is named as such, in the tooltip and in the table."""

from __future__ import annotations

from datetime import UTC, datetime

from drain.dashboard.ui.charts import Rates, Series, rate_chart


def test_a_rate_says_over_which_hours_it_is_beside_counts_of_one_moment():
    found = rate_chart(
        [datetime(2026, 1, 1, tzinfo=UTC)],
        Rates([50.0], [20.0], [80.0]),
        [Series("complete", [1])],
        hours=9,
    )
    assert found.data["name"] == "Completion rate, 9 h rolling"
    assert found.heads[1] == "Completion rate, 9 h rolling"
