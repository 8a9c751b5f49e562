"""The update of an SQL source for a phase: its values, and the source's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from drain.models import Phase, Source
from drain.sources.sql.database import Tell, Values, opened_to_tell
from drain.sources.sql.settings import kept_source

REASON_LIMIT = 4000
MOST_SECONDS = 10
"""For one update: somebody may be waiting for what comes of it, and rows of ours with them."""


@dataclass(frozen=True, slots=True)
class News:
    """The news of a phase, with the state in which its source is believed to have it."""

    phase: Phase
    """With its run."""
    state: str
    reason: str
    expect: str


@contextmanager
def opened(source: Source) -> Iterator[Tell]:
    """Open an SQL source that has an update, to be told. Raises SourceError."""
    kept = kept_source(source)
    with opened_to_tell(kept.url, kept.update, min(kept.seconds, MOST_SECONDS)) as tell:
        yield tell


def tell(to: Tell, news: News) -> bool:
    """Tell an open source; False if its row is not as expected any more, and nothing is written.
    Raises SourceError.

    A row that is in the new state by now was told before: by somebody who died then.
    """
    return to(_values(news, news.expect)) or to(_values(news, news.state), keep=False)


def tell_source(source: Source, news: News) -> bool:
    """Open a source and tell it. Raises SourceError."""
    with opened(source) as to:
        return tell(to, news)


def _values(news: News, expect: str) -> Values:
    phase = news.phase
    return {
        "run_id": phase.run.run_id,
        "phase_id": phase.phase_id,
        "state": str(news.state),
        "expect": str(expect),
        "reason": news.reason[:REASON_LIMIT],
        "link": f"{settings.DRAIN_SITE_URL}/phases/{phase.pk}/" if settings.DRAIN_SITE_URL else "",
        "params": json.dumps(phase.params),
    }
