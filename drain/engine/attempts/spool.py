"""Results that the database could not take yet, kept in the worker's folder: they outlive the worker."""

from __future__ import annotations

import base64
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from drain.engine.attempts.started import AttemptResult, EndedAttempt, StartedAttempt
from drain.engine.process.outcome import Decision
from drain.engine.process.profile import Profile
from drain.engine.workers.dead import KEPT_RESULT, kept_results
from drain.logs import about
from drain.models import TelemetryEvent
from drain.models.vocabulary import PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.states import Outcome

log = logging.getLogger(__name__)
_EVENT = ("kind", "category", "model", "predicted_tokens", "actual_tokens", "data", "source_event")


class Spool:
    """The kept results of one worker, one file an attempt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: set[UUID] = set()

    def keep(self, ends: Iterable[EndedAttempt]) -> None:
        """Write those that are not there yet; a full disk is logged, as they are in memory still."""
        for each in ends:
            lease = each.started.lease
            if lease in self._kept:
                continue
            try:
                _write(self._folder / f"{lease.hex}{KEPT_RESULT}", each)
                self._kept.add(lease)
            except OSError as error:
                started = each.started
                with about(drain=started.session, attempt=started.attempt):
                    log.warning("the result of attempt %s is not kept: %s", started.attempt, error)

    def adopt(self, path: Path, each: EndedAttempt) -> None:
        """Take over what an earlier loop of this worker has kept."""
        if path.stem.startswith(each.started.lease.hex):
            self._kept.add(each.started.lease)

    def forget(self, ends: Iterable[EndedAttempt]) -> None:
        """They are in the books."""
        if not self._kept:
            return
        for each in ends:
            if each.started.lease in self._kept:
                self._kept.discard(each.started.lease)
                (self._folder / f"{each.started.lease.hex}{KEPT_RESULT}").unlink(missing_ok=True)


def _write(path: Path, each: EndedAttempt) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        json.dump(_stored(each), file, default=str)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def left_behind(folder: Path) -> Iterator[tuple[Path, EndedAttempt]]:
    """The kept results in a worker's folder, with their files; unreadable ones are passed over."""
    for path in kept_results(folder):
        try:
            yield path, _read(json.loads(path.read_text()))
        except Exception as error:  # noqa: BLE001 - one that makes no sense keeps nobody from the others
            log.warning("the kept result %s cannot be read: %r", path.name, error)


def _stored(each: EndedAttempt) -> dict[str, Any]:
    started = asdict(replace(each.started, profile=Profile(name="", argv=()), params={}))
    del started["profile"], started["params"], started["taken_over"]
    events = [{name: getattr(event, name) for name in _EVENT} for event in each.result.telemetry]
    result = asdict(replace(each.result, telemetry=(), log_inline=None))
    inline = each.result.log_inline
    result["log_inline"] = base64.b64encode(inline).decode() if inline is not None else None
    return {"started": started, "result": {**result, "telemetry": events}}


def _read(stored: dict[str, Any]) -> EndedAttempt:
    started, result = stored["started"], stored["result"]
    started |= {
        "lease": UUID(started["lease"]),
        "started_at": datetime.fromisoformat(started["started_at"]),
        "profile": Profile(name="", argv=()),
        "params": {},
    }
    decision = result["decision"]
    read = {
        "outcome": Outcome(decision["outcome"]),
        "reported": tuple(decision.get("reported", ())),
    }
    inline = result["log_inline"]
    result |= {
        "decision": Decision(**{**decision, **read}),
        "argv": tuple(result["argv"]),
        "states": tuple(result["states"]),
        "state": PhaseState(result["state"]) if result["state"] else None,
        "excluded": ExclusionReason(result["excluded"]) if result["excluded"] else None,
        "log_inline": base64.b64decode(inline) if inline is not None else None,
        "telemetry": tuple(TelemetryEvent(**event) for event in result["telemetry"]),
    }
    return EndedAttempt(StartedAttempt(**started), AttemptResult(**result))
