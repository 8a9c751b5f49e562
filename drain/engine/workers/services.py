"""Services that phases share: started before the first phase of a drain, watched, ended after the last.

One phase's helper is ended with it, so what several phases use is named in their executor (`--service`). It
is a child of this worker like a phase is, with a cookie of its own; whoever dies, the warden ends it. Where
something answers at its address already, that is used if it is the right one, and is nobody's to end.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from django.db import connection

from drain.engine.process.contract import make_claim
from drain.engine.process.ended import Command, Ended, Pulse
from drain.engine.process.errors import ChildError
from drain.engine.process.health import Needed, ask, mismatch
from drain.engine.process.job import command_job
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import start
from drain.engine.workers.identity import worker_id
from drain.models import ExecutorProfile, SessionRun
from drain.models.vocabulary import LIVE_SESSION_STATES
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)

START_SECONDS = 60.0
"""The longest time until a service answers."""
LOOK_SECONDS = 2.0
TRUSTED_SECONDS = 5.0
"""An answer is believed so long: phases start more often than services change."""
LONGEST_SECONDS = 30 * 86_400.0


class SharedServiceError(SourceError):
    """The service that phases of an executor share is not there, or another one."""


@dataclass(slots=True)
class _Known:
    """One service as this process knows it."""

    lock: threading.Lock
    thread: threading.Thread | None = None
    stop: threading.Event | None = None
    answered_at: float = float("-inf")
    ended: str = ""
    """The end of our own child the last time."""


_known: dict[str, _Known] = {}
_guard = threading.Lock()


def ensure_service(profile: Profile, needed: Needed, folder: Path) -> None:
    """Have the profile's service answer at its address, starting it if nobody does. Raises ServiceError.

    It is ended as soon as no live session has a run of this executor.
    """
    if not profile.service:
        return
    with _guard:
        known = _known.setdefault(profile.name, _Known(threading.Lock()))
    with known.lock:
        if time.monotonic() - known.answered_at < TRUSTED_SECONDS:
            return
        if not _answers(profile, needed):
            _begin(known, profile, folder)
            _wait(known, profile, needed)
        known.answered_at = time.monotonic()


def end_services() -> None:
    """End what this process has started, and wait for it."""
    with _guard:
        running = [known for known in _known.values() if known.stop is not None]
    for known in running:
        if known.stop is not None:
            known.stop.set()
    for known in running:
        if known.thread is not None:
            known.thread.join(30)


def _answers(profile: Profile, needed: Needed) -> bool:
    found = ask(profile.service_url)
    if found is None:
        return False
    if why := mismatch(found, needed, profile.service_url):
        raise SharedServiceError(why)
    return True


def _begin(known: _Known, profile: Profile, folder: Path) -> None:
    if known.thread is not None and known.thread.is_alive():
        return
    stop = threading.Event()
    known.ended, known.stop = "", stop
    known.thread = threading.Thread(
        target=_serve,
        args=(known, profile, folder, stop),
        name=f"service {profile.name}",
        daemon=True,
    )
    known.thread.start()


def _wait(known: _Known, profile: Profile, needed: Needed) -> None:
    """Wait until it answers; one that another worker of this host started meanwhile is as good."""
    deadline = time.monotonic() + START_SECONDS
    pause = 0.05
    while True:
        if _answers(profile, needed):
            return
        gone = known.thread is None or not known.thread.is_alive()
        if gone or time.monotonic() > deadline:
            if known.stop is not None:
                known.stop.set()
            said = known.ended or f"it does not answer at {profile.service_url}"
            raise SharedServiceError(
                f"The service of executor {profile.name} is not there: {said}."
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


def _serve(known: _Known, profile: Profile, folder: Path, stop: threading.Event) -> None:
    """Run the service until nobody needs it; it runs in a thread of its own."""
    watch = _Watch(profile.name, stop)
    try:
        claim = make_claim(worker_id(), uuid4())
        job = command_job(profile, profile.service, claim, folder, timeout=LONGEST_SECONDS)
        with start(job) as child:
            log.info("service of %s started: process %s", profile.name, child.pid)
            known.ended = _how(child.wait(watch))
    except ChildError as error:
        known.ended = str(error).rstrip(".")
    finally:
        known.answered_at = float("-inf")
        connection.close()
    if not stop.is_set():
        log.warning("service of %s: %s", profile.name, known.ended)


class _Watch:
    """The tick of a running service: whether it is needed still."""

    def __init__(self, executor: str, stop: threading.Event) -> None:
        self._executor, self._stop = executor, stop
        self._looked_at = time.monotonic()

    def __call__(self, pulse: Pulse) -> Command:
        del pulse
        now = time.monotonic()
        if not self._stop.is_set() and now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            if not is_needed(self._executor):
                self._stop.set()
        return Command.INTERRUPT if self._stop.is_set() else Command.CONTINUE


def is_needed(executor: str) -> bool:
    """Return whether a live session has runs of this executor; yes while the database cannot say."""
    try:
        profile = ExecutorProfile.objects.filter(name=executor).values("pk", "is_default").first()
        if profile is None:
            return False
        live = SessionRun.objects.filter(session__state__in=LIVE_SESSION_STATES)
        mine = live.filter(run__executor=profile["pk"])
        if profile["is_default"]:
            mine = mine | live.filter(run__executor=None)
        return mine.exists()
    except Exception:  # noqa: BLE001 - whatever the database has, the phases that run need their service
        connection.close()
        return True


def _how(ended: Ended) -> str:
    if ended.log.path is not None:
        ended.log.path.unlink(missing_ok=True)
    last = next(iter(reversed(ended.log.tail.strip().splitlines())), "it printed nothing")
    how = f"signal {ended.signal}" if ended.signal is not None else f"exit {ended.exit_code}"
    return f"it ended with {how}: {last[:300]}"


def health_address(profile: Profile, api_url: str) -> Profile:
    """The profile with the address of its service: its own, else that of the API it serves."""
    if profile.service_url or not api_url:
        return profile
    return replace(profile, service_url=f"{api_url.rstrip('/')}/health")
