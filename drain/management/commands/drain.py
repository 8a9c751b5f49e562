"""`manage.py drain`: run failed phases again, under limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.queue.selection import drain_scope
from drain.engine.sessions.planning import DrainRequest, create_session, preview
from drain.engine.sessions.scope import SessionScope
from drain.evidence.fingerprints.keys import whole_key
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.management.base import DrainCommand
from drain.management.draining_sources import (
    add_source_options,
    print_sources,
    reset_or_tell,
    tell_retries,
)
from drain.management.ledger import plan_json, print_plan
from drain.management.limits import add_limits, limits_from
from drain.management.naming import named_session
from drain.management.selecting import add_filters, filter_from
from drain.models import DrainSession
from drain.policy.exit_codes import EXIT_CODES_HELP
from drain.policy.selection.collector import collector_resting
from drain.policy.stopping.limits import Limits


class Command(DrainCommand):
    """Parse, plan, run, report."""

    help = "Run failed phases again: samples first, under limits, every one accounted for."

    def add_arguments(self, parser: CommandParser) -> None:
        """Scope, limits, and how to run."""
        super().add_arguments(parser)
        parser.epilog = EXIT_CODES_HELP
        parser.add_argument(
            "--run-id", action="append", default=[], help="only this run; may be repeated"
        )
        parser.add_argument(
            "--skip-run-prefix",
            action="append",
            default=[],
            metavar="PREFIX",
            help="leave out runs whose id begins so; may be repeated",
        )
        parser.add_argument(
            "--fingerprint",
            action="append",
            default=[],
            metavar="KEY",
            help="only phases that failed by it; may be repeated",
        )
        add_filters(parser, known=("run-id", "fingerprint"))
        add_limits(parser)
        parser.add_argument(
            "--resume",
            nargs="?",
            const="latest",
            metavar="SESSION",
            help="go on with a drain that was interrupted (latest)",
        )
        parser.add_argument("--note", default="", help="kept with the drain")
        add_source_options(parser)
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--dry-run", action="store_true", help="print the plan, write nothing")
        how.add_argument(
            "--inline", action="store_true", help="drain in this process, without workers"
        )
        how.add_argument("--detach", action="store_true", help="leave it to the workers and return")

    def act(self, **options: Any) -> None:
        """Preview, or create (or resume) a session and run it."""
        now = timezone.now()
        scope = _scope(options, now)
        limits = limits_from(options, now)
        print_sources(self, scope, options)
        if options["dry_run"] and options["resume"]:
            raise EngineError(
                "--resume continues a plan that is frozen: leave out --dry-run, or preview a new drain without --resume."
            )
        if options["dry_run"]:
            self._dry_run(scope, limits, options)
            return
        # Loops, evidence and progress bars take a fifth of a second to import; a preview needs none.
        from drain.management.draining import prepare, run_session
        from drain.management.outcome import conclude

        prepare(inline=options["inline"])
        from drain.engine.inline import require_capable

        # A refusal changes nothing: no session is left behind that nobody drains.
        with transaction.atomic():
            session = self._session(scope, limits, options)
            if options["inline"]:
                require_capable(session)
        reset_or_tell(self, session, reset=options["reset_retries"])
        run_session(session, self.actor, inline=options["inline"], detach=options["detach"])
        conclude(self, session, as_json=options["json"])

    def _session(
        self, scope: SessionScope, limits: Limits, options: dict[str, Any]
    ) -> DrainSession:
        if options["resume"]:
            return self._resume(options["resume"], inline=options["inline"])
        asked = DrainRequest(
            scope=scope,
            limits=limits,
            actor=self.actor.name,
            origin=self.actor.origin,
            note=options["note"],
            inline=options["inline"],
        )
        return create_session(asked, timezone.now())

    def _resume(self, which: str, *, inline: bool) -> DrainSession:
        from drain.engine.sessions.verbs import latest_resumable, resume_session

        session = latest_resumable() if which == "latest" else named_session(which)
        if session is None:
            raise EngineError("There is no interrupted or paused drain to resume.")
        resume_session(session.pk, self.actor, inline=inline)
        session.refresh_from_db()
        return session

    def _dry_run(self, scope: SessionScope, limits: Limits, options: dict[str, Any]) -> None:
        with collector_resting():
            plan = preview(scope, limits, timezone.now())
            if options["json"]:
                self.stdout.write(plan_json(plan))
            else:
                print_plan(self.stdout, plan)
        tell_retries(self, [item.id for item in plan.selected], reset=options["reset_retries"])


def _scope(options: dict[str, Any], now: datetime) -> SessionScope:
    """Runs and fingerprints as they are named; with any other filter the phases that match now."""
    try:
        keys = tuple(map(whole_key, options["fingerprint"]))
    except CauseError as error:
        raise EngineError(str(error)) from error
    runs = tuple(options["run_id"])
    asked = filter_from(options, now, run_ids=runs, fingerprints=keys)
    return drain_scope(asked, tuple(options["skip_run_prefix"]))
