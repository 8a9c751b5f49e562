"""Checks of an installation, each fault as one finding with the way out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.workers.broker import require_broker
from drain.engine.workers.executors import check_profile
from drain.engine.workers.hosts import alive_hosts, require_shared_secret
from drain.engine.workers.schema import require_known_schema
from drain.models import Attempt, Autopilot, ExecutorProfile, WorkerLoop
from drainsite.declared import value
from drainsite.misspelt import misspelt
from drainsite.names import is_allowed
from drainsite.preconditions import database_problem, disk_problem, room
from drainsite.provider import provider_problem

TESTED_POSTGRES = 18
"""The version of the embedded server, which all tests run on."""
LARGEST = 5
CLOCK_SECONDS = 2.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LATE_LEASES = timedelta(minutes=2)
Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it stands, and the way out where it stands badly."""

    name: str
    level: Level
    sentence: str
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the finding as a dictionary of plain values."""
        return asdict(self)


def examine() -> Iterator[Finding]:
    """Yield every finding; what needs the database is left out where it does not answer."""
    yield from _settings()
    yield _names()
    yield from _provider()
    yield _disk()
    database = _database()
    yield database
    if database.level != "problem":
        migrations = _migrations()
        yield migrations
        for look in (_tables, _clock, _broker):
            yield look()
        # With other tables than those of this version no answer would be one.
        if migrations.level == "ok":
            yield _secret()
            yield _hosts()
            yield _leases()
            yield from _executors()
            yield from _autopilots()


def _settings() -> Iterator[Finding]:
    found = [message for message in run_checks() if message.level >= 30]
    unknown = misspelt(os.environ)
    for sentence in unknown:
        yield Finding("settings", "warning", sentence)
    if not (found or unknown):
        yield Finding("settings", "ok", "Every setting makes sense.")
    for message in found:
        yield Finding("settings", "warning", str(message.msg), str(message.hint or ""))


def _names() -> Finding:
    names = ", ".join(settings.ALLOWED_HOSTS)
    if not names:
        said = "The site answers to no name: ALLOWED_HOSTS is empty, and every page is refused."
        return Finding(
            "names", "problem", said, "Name the hosts, or unset it for this machine alone."
        )
    site = urlsplit(settings.DRAIN_SITE_URL).hostname or ""
    if site and not is_allowed(site):
        said = f"DRAIN_SITE_URL names {site}, to which the site does not answer (ALLOWED_HOSTS: {names})."
        return Finding("names", "problem", said, f"Add {site} to ALLOWED_HOSTS.")
    if not site and not any(map(is_allowed, LOOPBACK)):
        said = f"The site answers to {names} alone, not to 127.0.0.1 (ALLOWED_HOSTS)."
        advice = "Open it by that name; DRAIN_SITE_URL says where people reach it, and ends this warning."
        return Finding("names", "warning", said, advice)
    return Finding("names", "ok", f"The site answers to {names}.")


def _provider() -> Iterator[Finding]:
    if not settings.OIDC:
        if value("DRAIN_OIDC_CLIENT_ID") or value("DRAIN_OIDC_CLIENT_SECRET"):
            said = "Nobody signs in through a provider: DRAIN_OIDC_ISSUER is missing."
            yield Finding("provider", "warning", said, "Set it, or unset the other DRAIN_OIDC_*.")
    elif said := provider_problem(value("DRAIN_OIDC_ISSUER")):
        yield Finding("provider", "warning", said, "Start it or correct DRAIN_OIDC_ISSUER.")
    else:
        yield Finding("provider", "ok", "The provider of sign-ins answers.")


def _disk() -> Finding:
    folder = Path(settings.DATA_DIR)
    if problem := disk_problem(folder):
        return Finding("disk", "problem", *problem)
    free = shutil.disk_usage(folder).free
    return Finding("disk", "ok", f"{room(free)} are free in {folder}.")


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::int"
            )
            version, number = cursor.fetchone()
            problem = database_problem(cursor)
    except DatabaseError as error:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return Finding(
            "database",
            "problem",
            f"The database does not answer: {said.rstrip('.')}.",
            "" if "DATA_DIR" in connection.settings_dict else "Start it or correct DATABASE_URL.",
        )
    if problem:
        return Finding("database", "problem", *problem)
    if number // 10_000 != TESTED_POSTGRES:
        return Finding(
            "database",
            "warning",
            f"PostgreSQL {version} answers; what is tested is {TESTED_POSTGRES}.",
            f"Move the data to PostgreSQL {TESTED_POSTGRES} before you rely on it (docs/deployment.md).",
        )
    return Finding("database", "ok", f"PostgreSQL {version} answers.")


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not missing:
        try:
            require_known_schema()
        except EngineError as error:
            return Finding("migrations", "problem", str(error))
        return Finding("migrations", "ok", "The tables are those of this version.")
    noun = "migration is" if missing == 1 else "migrations are"
    return Finding(
        "migrations",
        "problem",
        f"{missing} {noun} missing.",
        "Run `manage.py migrate`, or `manage.py up`, which does it.",
    )


def _tables() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_database_size(current_database()), relname, pg_total_relation_size(oid) FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 3 DESC LIMIT %s",
            [LARGEST],
        )
        found = cursor.fetchall()
    total = found[0][0] if found else 0
    largest = ", ".join(f"{name} {size / 1e6:,.0f} MB" for _, name, size in found)
    return Finding("tables", "ok", f"The database has {total / 1e6:,.0f} MB; largest: {largest}.")


def _clock() -> Finding:
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
    off = abs((theirs - before).total_seconds())
    if off <= CLOCK_SECONDS:
        return Finding("clock", "ok", "This machine's clock and the database's agree.")
    return Finding(
        "clock",
        "warning",
        f"This machine's clock and the database's are {off:.0f} s apart.",
        "Let both follow NTP: times in logs and pages would mislead.",
    )


def _broker() -> Finding:
    try:
        require_broker()
    except EngineError as error:
        return Finding("broker", "problem", str(error))
    where = "Redis" if settings.BROKER_URL else "the database"
    return Finding("broker", "ok", f"Wake-ups go through {where}.")


def _secret() -> Finding:
    try:
        require_shared_secret()
    except EngineError as error:
        return Finding("secret", "problem", str(error))
    return Finding("secret", "ok", "No host works with another SECRET_KEY.")


def _hosts() -> Finding:
    hosts = list(alive_hosts())
    if not hosts:
        return Finding(
            "hosts",
            "warning",
            "No worker host is alive: drains wait.",
            "Start one with `manage.py up`, or drain with --inline.",
        )
    silent = [host.host for host in hosts if not host.last_answer]
    if silent:
        return Finding(
            "hosts",
            "warning",
            f"No worker of {silent[0]} has answered yet.",
            "Wait a minute; then look at its log.",
        )
    workers = sum(host.workers for host in hosts)
    return Finding(
        "hosts",
        "ok",
        f"{len(hosts)} host{'s' * (len(hosts) != 1)} with {workers} worker processes.",
    )


def _leases() -> Finding:
    alive = WorkerLoop.objects.filter(expires_at__gt=Now() - LATE_LEASES)
    opened = Attempt.objects.filter(finished_at__isnull=True, started_at__lt=Now() - LATE_LEASES)
    late = opened.exclude(loop__in=alive.values("pk")).count()
    if not late:
        return Finding(
            "leases", "ok", "No phase is held by a worker that has been gone for two minutes."
        )
    noun = "phase is" if late == 1 else "phases are"
    return Finding(
        "leases",
        "problem",
        f"{late} {noun} held by workers that are gone.",
        "Run `manage.py rescue --reason TEXT`; a running site does it by itself.",
    )


def _autopilots() -> Iterator[Finding]:
    rules = list(Autopilot.objects.order_by("name"))
    for rule in rules:
        if rule.paused_by == rule.actor:
            yield Finding(
                "autopilots",
                "warning",
                f"{rule.name} paused itself: {rule.paused_reason}",
                f"Then run `manage.py autopilot resume {rule.name!r} --reason TEXT`.",
            )
    if rules:
        on = sum(rule.paused_at is None for rule in rules)
        yield Finding("autopilots", "ok", f"{on} of {len(rules)} autopilots are on.")


def _executors() -> Iterator[Finding]:
    profiles = list(ExecutorProfile.objects.order_by("name"))
    if not profiles:
        yield Finding(
            "executors",
            "warning",
            "There is no executor: no phase can run.",
            "Make one: `manage.py executor set NAME --default -- COMMAND {phase_id}`.",
        )
    for profile in profiles:
        wrong = check_profile(profile)
        if wrong:
            yield Finding(
                "executors",
                "warning",
                f"{profile.name} cannot run on this machine: {' '.join(wrong)}",
                "Correct it with `manage.py executor set`, or start a worker where it can.",
            )
        else:
            yield Finding("executors", "ok", f"{profile.name} can run on this machine.")
