"""The demo's past: what an import would have found every two hours, so that its charts have a history.

The backlog of `backlog.py` is how it ended. Taken back to a moment, phases that ended later are still
queued and runs created later are not there; imported one after the other, the history that everything
else reads (transitions, past attempts, counts by state) comes into being as it does anywhere else.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drain.demo.backlog import naive
from drain.evidence.rollups.state_history import keep_history
from drain.models import Source
from drain.sources.autopack.importing import import_source

BETWEEN = timedelta(hours=2)
# A queued phase that came later was not planned yet; any other had still to be run.
_TAKEN_BACK = (
    "DELETE FROM runs WHERE created_at > :then",
    """DELETE FROM phases WHERE run_id NOT IN (SELECT id FROM runs)
        OR (state = 'QUEUED' AND updated_at > :then)""",
    """UPDATE phases SET state = 'QUEUED', last_failure_reason = NULL, retry_attempt = 0,
        started_at = NULL, completed_at = NULL, updated_at = created_at WHERE updated_at > :then""",
    "DELETE FROM token_estimation_v2_events WHERE timestamp > :then",
)


def live_through(source: Source, path: Path, now: datetime) -> None:
    """Import the backlog at `path` as it was every two hours up to `now`, then keep the history of that."""
    earlier = path.with_name(f".{path.name}.earlier")
    try:
        for moment in _moments(path, now):
            _take_back(path, earlier, moment)
            import_source(Source(pk=source.pk, url=f"sqlite:///{earlier}"), moment)
    finally:
        earlier.unlink(missing_ok=True)
    keep_history(now)


def _moments(path: Path, now: datetime) -> Iterator[datetime]:
    """Yield moments from just after the first run was created until before `now`."""
    database = sqlite3.connect(path)
    try:
        first = database.execute("SELECT min(created_at) FROM runs").fetchone()[0]
    finally:
        database.close()
    moment = datetime.fromisoformat(first).replace(tzinfo=UTC) + timedelta(minutes=1)
    while moment < now:
        yield moment
        moment += BETWEEN


def _take_back(path: Path, earlier: Path, moment: datetime) -> None:
    shutil.copyfile(path, earlier)
    database = sqlite3.connect(earlier)
    try:
        with database:
            for statement in _TAKEN_BACK:
                database.execute(statement, {"then": naive(moment)})
    finally:
        database.close()
