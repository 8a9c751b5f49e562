"""Run the site on this machine: what `up` and `demo` have in common."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from drain.engine.errors import EngineError
from drain.engine.workers.broker import require_broker
from drain.engine.workers.hosts import require_shared_secret
from drain.engine.workers.schema import is_current, require_known_schema
from drain.management.membership import Membership
from drain.policy.inert import inert
from drainsite.management.phase_user import check_closed, check_user
from drainsite.names import is_allowed, reachable
from drainsite.postgres.layout import layout_of
from drainsite.preconditions import database_problem, disk_problem, new_site_problem
from drainsite.supervisor import site
from drainsite.supervisor.supervisor import ChildSpec, LeftoverError, Supervisor

# Any number will do, as long as every host of an installation uses the same.
MIGRATION_LOCK = 0x64726169
MOST_WORKERS = 256
LOOK_SECONDS = 0.1
PREPARING = "Preparing the database and the pages ..."
"""Said before `prepare`, which takes some seconds on a new site."""
DATABASE_SECONDS = 60.0
"""The patience with a database that recovers while a site starts."""
DATABASE_AGAIN_SECONDS = 0.5
SAYS_LATER = "the database system is"
"""The beginning of PostgreSQL's word that it starts, recovers or shuts down (57P03); libpq hands no code on.
"""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The programs to run here: a role of all, web or worker, an address, worker processes."""

    role: str = "all"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    phase_user: str = ""
    """As whom phases run that name no other; "" for the site's own."""

    @property
    def serves(self) -> bool:
        """True if the web server runs here."""
        return self.role in {"all", "web"}

    @property
    def works(self) -> bool:
        """True if phases are drained here."""
        return self.role in {"all", "worker"}

    @property
    def address(self) -> str:
        """The site's address for a browser."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}/"

    @property
    def entrance(self) -> str:
        """The address at which a browser is let in: by a name that the site answers to."""
        return reachable(self.host, self.port)

    @property
    def serving(self) -> str:
        """The sentence on the address once it answers."""
        if is_allowed(urlsplit(self.address).netloc.rpartition(":")[0]):
            return f"Serving {self.address} - Ctrl-C stops."
        names = ", ".join(settings.ALLOWED_HOSTS) or "no name at all"
        return f"Serving {self.address} to who asks for {names} (ALLOWED_HOSTS) - Ctrl-C stops."

    def check(self) -> None:
        """Raise CommandError with one sentence for values that cannot be."""
        if self.role not in site.ROLES:
            raise CommandError(f"Role {self.role!r} does not exist: choose all, web or worker.")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise CommandError(
                f"{self.workers} workers are not possible: choose 1 to {MOST_WORKERS} with --workers."
            )
        if self.serves:
            try:
                site.check_address(self.host, self.port)
            except site.SiteError as error:
                raise CommandError(str(error)) from error
        if self.works and self.phase_user:
            check_user(self.phase_user)


def serve(
    wanted: ServeOptions,
    say: Callable[[str], None],
    begin: Callable[[Supervisor], None] = lambda _supervisor: None,
) -> None:
    """Run it until a signal or `request_stop` of the supervisor that `begin` is given.

    The database must be up to date. Children end before this comes back; what they drained is interrupted.
    """
    connection.close()
    try:
        membership = Membership(wanted.workers) if wanted.works else None
    except EngineError as error:
        raise CommandError(str(error)) from error
    with membership or nullcontext():
        connection.close()
        stop = membership.stop if membership else (lambda: None)
        supervisor = Supervisor(programs(wanted, membership), say, before_end=stop)
        begin(supervisor)
        over = threading.Event()
        if wanted.serves:
            threading.Thread(target=_announce, args=(wanted, say, over), daemon=True).start()
        try:
            supervisor.run()
        except LeftoverError as error:
            raise CommandError(str(error)) from error
        finally:
            over.set()


def _announce(wanted: ServeOptions, say: Callable[[str], None], over: threading.Event) -> None:
    """Say where the site is once it answers there."""
    while not over.wait(LOOK_SECONDS):
        if site.web_answers(wanted.host, wanted.port):
            say(wanted.serving)
            return


def programs(wanted: ServeOptions, membership: Membership | None) -> list[ChildSpec]:
    """The programs of a role."""
    specs = [site.web(wanted.host, wanted.port)] if wanted.serves else []
    if membership is not None:
        member = membership
        specs.append(
            site.drain_cluster(
                wanted.workers, str(member.id), lambda child: member.is_draining(child.started)
            )
        )
        specs.append(site.maintenance_cluster())
    return specs


def prepare(wanted: ServeOptions) -> None:
    """Bring the database up to date, one host after the other; lay the pages' files out for serving.

    Everything that this process starts from now on knows as whom phases run. Raises CommandError; what can be
    refused is refused before anything is changed.
    """
    try:
        _require_startable(wanted)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=0)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        require_shared_secret()
    except EngineError as error:
        raise CommandError(str(error)) from error
    if wanted.works and wanted.phase_user:
        os.environ["DRAIN_PHASE_USER"] = wanted.phase_user
    if wanted.serves and settings.STATIC_ROOT:
        call_command(
            "collectstatic",
            interactive=False,
            verbosity=0,
            ignore_patterns=["redoc.standalone.js*"],
        )


def _require_startable(wanted: ServeOptions) -> None:
    """Raise EngineError or CommandError for whatever stands against a start of this version here."""
    require_broker()
    _require_room()
    _await_database()
    with connection.cursor() as cursor:
        _refuse(database_problem(cursor))
    if "django_migrations" in connection.introspection.table_names():
        require_known_schema()
        # Of tables that are older than this version nothing can be asked yet.
        if is_current():
            require_shared_secret()
    if wanted.works and wanted.phase_user:
        check_closed(wanted.phase_user)


def _require_room() -> None:
    """Refuse to make a database where it would fill the disk; warn where one that is there may soon do so."""
    folder = Path(settings.DATA_DIR)
    if "DATA_DIR" in connection.settings_dict and not layout_of(folder).data.exists():
        _refuse(new_site_problem(folder))
    if low := disk_problem(folder):
        sys.stderr.write(f"{inert(' '.join(low))}\n")


def _refuse(problem: tuple[str, str] | None) -> None:
    if problem is not None:
        raise CommandError(" ".join(problem))


def _await_database() -> None:
    """A server that starts or recovers takes nobody in for a while.
    Raises CommandError when that lasts too long.
    """
    deadline, told = time.monotonic() + DATABASE_SECONDS, False
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            said = (str(error).strip().splitlines() or [""])[-1]
            if SAYS_LATER not in said:
                raise
            if time.monotonic() > deadline:
                raise CommandError(
                    f"The database has let nobody in for {DATABASE_SECONDS:.0f} s ({said}): "
                    "see its log, then start again."
                ) from error
            if not told:
                sys.stderr.write(
                    f"{inert(f'The database does not answer yet ({said}); waiting.')}\n"
                )
                told = True
            time.sleep(DATABASE_AGAIN_SECONDS)
        else:
            return
