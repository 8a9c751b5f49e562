"""A profile's preflight: one quick command that shows a broken environment before a backlog does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from drain.engine.process.contract import make_claim
from drain.engine.process.ended import Ended
from drain.engine.process.errors import ChildError
from drain.engine.process.job import command_job
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start

_GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Preflight:
    """The result of the preflight."""

    ok: bool
    seconds: float
    output_tail: str
    """Last part of its output, safe text."""
    sentence: str
    """The sentence for people, good or bad."""


def run_preflight(profile: Profile, *, folder: Path, timeout: float = 60.0) -> Preflight:
    """Run the profile's preflight command; without one it is ok after 0 seconds. Raises no ChildError."""
    if not profile.preflight.strip():
        return Preflight(
            ok=True, seconds=0.0, output_tail="", sentence="The profile has no preflight."
        )
    try:
        claim = make_claim(uuid4(), uuid4())
        job = command_job(profile, profile.preflight, claim, folder, timeout=timeout, grace=_GRACE)
        with start(job) as child:
            ended = child.wait(carry_on)
    except ChildError as error:
        return Preflight(
            ok=False, seconds=0.0, output_tail="", sentence=f"The preflight could not run. {error}"
        )
    if ended.log.path is not None:
        ended.log.path.unlink()
    ok = ended.exit_code == 0 and not ended.timed_out
    return Preflight(
        ok, ended.duration, ended.log.tail, _sentence(profile.preflight, ended, timeout)
    )


def _sentence(command: str, ended: Ended, timeout: float) -> str:
    if ended.timed_out:
        return f"The preflight `{command}` did not end within {timeout:g} s."
    if ended.signal is not None:
        return f"The preflight `{command}` was ended by signal {ended.signal}."
    if ended.exit_code:
        return f"The preflight `{command}` failed with exit {ended.exit_code}."
    return f"The preflight `{command}` passed in {ended.duration:.1f} s."
