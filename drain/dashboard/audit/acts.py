"""Acts as the audit's page shows them: what somebody did to many rows at once is one act of many lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from drain.models import AuditEvent

FIRST, READ = 500, 5000
"""Lines that are read for one page: mostly few are enough, and where acts have many lines so many at most."""
NAMED = 20
"""Lines of an act that the page shows when it is opened."""
APART = timedelta(seconds=10)
"""A long act is written in steps; what comes later than so is another act."""
_KEY = ("actor", "verb", "subject", "origin", "address", "reason")


class _Line(NamedTuple):
    pk: int
    at: datetime
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActGroup:
    """Neighbouring lines of one act: the newest, those shown when it is opened, their count and numbers."""

    lead: AuditEvent
    shown: list[AuditEvent]
    count: int
    first: int
    last: int
    whole: bool = True
    """True if all of its lines were read."""


@dataclass(frozen=True, slots=True)
class Acts:
    """A page of acts, and the number before which the next one begins; 0 after the last."""

    acts: list[ActGroup]
    older: int


def acts_of(found: QuerySet[AuditEvent], limit: int) -> Acts:
    """The newest `limit` acts of these lines, which stand newest first."""
    columns = found.values_list("pk", "at", *_KEY)
    for most in (FIRST, READ):
        lines = [_Line(pk, at, tuple(key)) for pk, at, *key in columns[:most]]
        groups = list(_groups(lines))
        if len(groups) > limit or len(lines) < most:
            break
    page = groups[:limit]
    if not page:
        return Acts([], 0)
    known = AuditEvent.objects.in_bulk([line.pk for group in page for line in group[:NAMED]])
    cut = len(lines) == READ and len(groups) <= limit
    acts = [
        ActGroup(
            known[group[0].pk], [known[line.pk] for line in group[:NAMED]], len(group), group[-1].pk, group[0].pk,
            whole=not (cut and group is page[-1]),
        )
        for group in page
    ]  # fmt: skip
    more = len(groups) > limit or cut
    return Acts(acts, page[-1][-1].pk if more else 0)


def lines_of(found: QuerySet[AuditEvent], limit: int) -> Acts:
    """The newest `limit` lines, each as an act of its own."""
    events = list(found[: limit + 1])
    acts = [ActGroup(event, [event], 1, event.pk, event.pk) for event in events[:limit]]
    return Acts(acts, acts[-1].last if len(events) > limit else 0)


def _groups(lines: list[_Line]) -> Iterator[list[_Line]]:
    group: list[_Line] = []
    for line in lines:
        if group and (line.key != group[-1].key or group[-1].at - line.at > APART):
            yield group
            group = []
        group.append(line)
    if group:
        yield group
