"""`manage.py drain_phase`: run one phase again, by name; also a queued one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.inline import require_capable
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.management.base import DrainCommand
from drain.management.draining import prepare, run_session
from drain.management.outcome import conclude
from drain.models import Phase
from drain.policy.exit_codes import EXIT_CODES_HELP
from drain.policy.stopping.limits import Limits


class Command(DrainCommand):
    """A session of one phase."""

    help = "Run one phase again. A queued one is run too, because it was named."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the argument of the phase, and the options of its drain."""
        super().add_arguments(parser)
        parser.epilog = EXIT_CODES_HELP
        parser.add_argument("run", help="id of the run")
        parser.add_argument("phase", help="id of the phase in it")
        parser.add_argument(
            "--inline", action="store_true", help="in this process, without workers"
        )
        parser.add_argument(
            "--force", action="store_true", help="overrule holds, snoozes and waits; never leases"
        )

    def act(self, **options: Any) -> None:
        """Create a session of one phase and run it."""
        phase = find_phase(options["run"], options["phase"])
        prepare(inline=options["inline"])
        asked = DrainRequest(
            scope=SessionScope(phase=phase.pk, force=options["force"]),
            limits=Limits(batch_size=1),
            actor=self.actor.name,
            origin=self.actor.origin,
            note=f"drain_phase {options['run']} {options['phase']}"[:200],
            inline=options["inline"],
        )
        # A refusal changes nothing: no session is left behind that nobody drains.
        with transaction.atomic():
            session = create_session(asked, timezone.now())
            if options["inline"]:
                require_capable(session)
        run_session(session, self.actor, inline=options["inline"], detach=False)
        conclude(self, session, as_json=options["json"])


def find_phase(run_id: str, phase_id: str) -> Phase:
    """The phase of that name, or EngineError that says which of the two is unknown."""
    phase = Phase.objects.filter(run__run_id=run_id, phase_id=phase_id).first()
    if phase is not None:
        return phase
    known = Phase.objects.filter(run__run_id=run_id).exists()
    if known:
        raise EngineError(
            f"Run “{run_id}” has no phase “{phase_id}”: check the name on the run's page."
        )
    raise EngineError(f"There is no run “{run_id}”: import it first, or check the name.")
