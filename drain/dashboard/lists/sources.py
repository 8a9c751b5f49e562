"""The sources that a field offers while somebody types the name of one."""

from __future__ import annotations

from drain.dashboard.http.cache import shared
from drain.models import Source

MOST = 200
KEEP_SECONDS = 5


def source_names() -> list[str]:
    """Names of the first sources, A to Z; shared by all dashboards for some seconds."""
    return shared("source-names", KEEP_SECONDS, _names)


def _names() -> list[str]:
    return list(Source.objects.order_by("name").values_list("name", flat=True)[:MOST])
