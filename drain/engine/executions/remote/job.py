"""The job of one attempt: what is asked of its service in the loop's pool, one question at a time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.logs import keep_log
from drain.engine.attempts.started import StartedAttempt
from drain.engine.executions.remote.airflow import AirflowTask
from drain.engine.executions.remote.http import HttpJobs
from drain.engine.executions.remote.ray import RayJobs
from drain.engine.executions.remote.service import (
    JobService,
    JobState,
    RefusedError,
    Request,
    ServiceError,
    Status,
    UnknownJobError,
    UnreachableError,
)
from drain.engine.executions.remote.transcript import Transcript
from drain.engine.process.contract import Contract
from drain.engine.process.environment import contract_variables, header_values, passed_variables
from drain.engine.process.errors import ChildError, SpawnError
from drain.engine.process.output.events import Report
from drain.engine.process.output.log import LogSummary
from drain.engine.process.profile import Profile
from drain.engine.process.template import render
from drain.policy.remote import Kind, Remote, job_id
from drain.policy.secrets import Mask, secrets_of, secrets_of_headers

_SERVICES: dict[str, type[HttpJobs]] = {
    Kind.HTTP: HttpJobs,
    Kind.RAY: RayJobs,
    Kind.AIRFLOW: AirflowTask,
}
Said = Status | ServiceError
"""The result of a question; nothing is raised."""


@dataclass(slots=True)
class RemoteJob:
    """One job. Its methods but `service.break_off` are called by one thread at a time."""

    request: Request
    service: JobService
    transcript: Transcript
    mask: Mask
    accepted: bool
    """The service has it."""
    may_be_there: bool
    """A start may have arrived that nobody heard the answer of."""
    can_be_started: bool = True
    """Nobody knows what to start where the executor is gone."""

    def submit(self) -> Said:
        """Start it, once: where it may be there already, that is asked before."""
        try:
            if self.may_be_there:
                try:
                    return self._found()
                except UnknownJobError as error:
                    if not self.can_be_started:
                        return error
            self.service.start(self.request)
        except UnreachableError as error:
            self.may_be_there = self.may_be_there or error.sent
            return error
        except RefusedError as error:
            with contextlib.suppress(UnknownJobError, ServiceError):
                return self._found()
            self.may_be_there = True
            return error
        except ServiceError as error:
            return error
        self.accepted = True
        return Status(JobState.PENDING)

    def look(self, *, read: bool) -> Said:
        """Ask how far it is, and `read` some of its log."""
        try:
            status = self.service.ask()
        except ServiceError as error:
            return error
        if read:
            with contextlib.suppress(ServiceError):
                self._read()
        return status

    def stop(self, *, send: bool) -> Said:
        """Ask whether it has stopped, after the order to stop if that is to be sent."""
        try:
            if send:
                self.service.cancel()
            return self.service.ask()
        except UnknownJobError:
            return Status(JobState.STOPPED)
        except ServiceError as error:
            return error

    def read_rest(self) -> ServiceError | None:
        """Read its log to the end."""
        try:
            while self._read():
                pass
        except ServiceError as error:
            return error
        return None

    def collect(self, attempt: int, problem: str) -> tuple[LogSummary, Report, str]:
        """Close the log; returns what was kept of it, what it reported, and its name in the storage."""
        log, report = self.transcript.finish(problem)
        return log, report, keep_log(attempt, log)

    def abandon(self) -> None:
        """Leave nothing of it: neither a job that nobody looks after nor its log here."""
        if self.accepted or self.may_be_there:
            with contextlib.suppress(ServiceError):
                self.service.cancel()
        self.transcript.drop()

    def sentence(self, error: ServiceError) -> str:
        """Return the service's fault as a sentence, without secrets."""
        return self.mask.text(str(error))

    def _found(self) -> Status:
        status = self.service.ask()
        self.accepted = True
        return status

    def _read(self) -> bool:
        """Read a part of the log; True if there is more."""
        if self.transcript.is_full:
            return False
        part = self.service.read_log(self.transcript.read)
        self.transcript.feed(part.data)
        if part.more and not part.data:
            self.transcript.close()
        return part.more


def prepare(started: StartedAttempt, host: HostContext) -> RemoteJob:
    """Fill the profile for one attempt. Raises a ChildError; asks nobody."""
    profile, remote = started.profile, started.profile.remote
    assert remote is not None  # noqa: S101 - the loop prepares no other attempt here
    service = _service_of(started, remote)
    params = started.params if isinstance(started.params, dict) else {}
    name = job_id(started.lease)
    contract = Contract(
        run_id=started.run_id,
        phase_id=started.phase_id,
        phase_index=started.phase_index,
        attempt=started.number,
        claim=name,
        params=params,
    )
    env = passed_variables(profile.env, profile.env_from, host.environ)
    headers = _headers(started, remote, host)
    hidden = secrets_of(env, profile.env, profile.env_from)
    mask = Mask(hidden | secrets_of_headers(headers.values()))
    request = Request(
        job_id=name,
        run_id=started.run_id,
        phase_id=started.phase_id,
        phase_index=started.phase_index,
        attempt=started.number,
        params=params,
        timeout=started.timeout,
        argv=_command(profile, contract),
        env=env | contract_variables(contract),
    )
    known = started.taken_over
    return RemoteJob(
        request=request,
        service=service(remote, request, headers),
        transcript=Transcript(host.folder, name, mask, known.states if known else 0),
        mask=mask,
        accepted=known.accepted if known else False,
        may_be_there=known is not None,
        can_be_started=bool(profile.name),
    )


def _service_of(started: StartedAttempt, remote: Remote) -> type[HttpJobs]:
    """Return the class that asks the attempt's service. Raises SpawnError."""
    if started.source is not None:
        raise SpawnError(
            f"Phases of an Autopack source run on a worker's host, and executor {started.profile.name} runs them elsewhere."
        )
    service, problem = _SERVICES.get(remote.kind), remote.problem()
    if service is None or problem:
        raise _cannot_be_asked(problem or f"{remote.kind!r} is no kind of executor.")
    return service


def _headers(started: StartedAttempt, remote: Remote, host: HostContext) -> dict[str, str]:
    try:
        return header_values(remote.headers, host.environ)
    except ChildError as error:
        if started.taken_over is None:
            raise
        raise _cannot_be_asked(str(error)) from error


def _cannot_be_asked(why: str) -> SpawnError:
    return SpawnError(f"Its service cannot be asked, so look there before it runs again: {why}")


def _command(profile: Profile, contract: Contract) -> tuple[str, ...]:
    if not profile.argv and not (profile.needs_command and profile.name):
        return ()
    return render(
        profile.argv,
        contract,
        allow_dash=profile.allow_dash,
        allow_program_text=profile.allow_program_text,
    )
