"""Hold the API to its own description: `python -m bench.contract [--seed 1] [--examples 25]`.

schemathesis (the extra `bench`) asks every operation of a site with a small backlog, with data that the
description allows and data that it forbids, with and without a token. Ends with 1 when an answer is a server
error, has a status, type or shape that is not described, takes what is forbidden, or lets in who has no
token.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

KEY = "0" * 32
THREADS = 4
MANY = 40
"""Of what operations remove."""
# Half of the identifiers that are asked for are there: what is made first in an empty database.
THERE = f"""
[dictionaries]
numbers = {{ values = {list(range(1, MANY + 1))} }}
keys = {{ values = ["{KEY}"] }}
runs = {{ values = ["r"] }}
[parameters]
"path.pk" = {{ dictionary = "numbers", probability = 0.5 }}
"path.key" = {{ dictionary = "keys", probability = 0.5 }}
"query.run" = {{ dictionary = "runs", probability = 0.5 }}
"body.run_id" = {{ dictionary = "runs", probability = 0.5 }}
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)


def main() -> int:
    """Serve a test database, and ask."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--examples", type=int, default=25)
    options.add_argument("--phases", default="examples,coverage,fuzzing", help="of schemathesis")
    options.add_argument("--workers", type=int, default=1, help="operations that are asked at once")
    options.add_argument("--only", default="/", help="addresses in which this is found")
    options.add_argument("--program", default=str(Path(sys.executable).parent / "schemathesis"))
    given = options.parse_args()

    import django

    django.setup()
    from django.conf import settings
    from django.test.runner import DiscoverRunner

    from drainsite.postgres import ensure_running

    ensure_running(Path(os.environ["DRAINSITE_DATA"]))
    settings.DRAIN_API_PER_MINUTE = 1_000_000
    runner = DiscoverRunner(verbosity=0, interactive=False)
    old = runner.setup_databases()
    try:
        return _ask(given)
    finally:
        runner.teardown_databases(old)


def _ask(given: argparse.Namespace) -> int:
    token, server = _token(), _served()
    begun = time.monotonic()
    address = f"http://127.0.0.1:{server.effective_port}/api/v1/openapi.json"
    config = Path(tempfile.mkdtemp()) / "schemathesis.toml"
    config.write_text(THERE)
    argv = [
        *(
            given.program,
            "--config-file",
            str(config),
            "run",
            address,
            "--header",
            f"Authorization: Bearer {token}",
        ),
        *("--seed", str(given.seed), "--max-examples", str(given.examples)),
        *("--checks", ",".join(CHECKS), "--phases", given.phases, "--workers", str(given.workers)),
        *("--include-path-regex", given.only),
        *("--continue-on-failure", "--no-color"),
    ]
    code = subprocess.run(argv, check=False).returncode
    print(f"{time.monotonic() - begun:.0f} s, seed {given.seed}, {given.examples} examples each")
    server.close()
    _let_go()
    return code


def _served() -> Any:
    """The site in the web server that it has outside of tests:
    its threads keep their connections to the database.
    """
    from django.core.wsgi import get_wsgi_application
    from waitress import create_server

    server = create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=THREADS)
    Thread(target=server.run, daemon=True).start()
    return server


def _let_go() -> None:
    """End the connections of the server's threads, so that the database can be removed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def _token() -> str:
    """Return the token of a superuser over a backlog that every operation finds something in."""
    from django.contrib.auth.models import User

    from drain.engine.autopilot.rules import AutopilotRequest, add_autopilot
    from drain.models import BulkAction, FixMarker, Hold, Note, Source, Webhook
    from drain.models.audit import Person
    from drain.models.vocabulary import Origin
    from drain.people.tokens import issue_token
    from tests.factories import NOON, FingerprintFactory, PhaseFactory, RunFactory, SessionFactory

    run = RunFactory(run_id="r")
    for state in ("FAILED", "FAILED", "QUEUED", "COMPLETE"):
        PhaseFactory(run=run, state=state)
    FingerprintFactory(key=KEY)
    SessionFactory()
    SessionFactory(state="running", ended_at=None)
    for number in range(MANY):
        add_autopilot(
            AutopilotRequest(f"a{number}", "@daily"), Person("root", Origin.COMMAND), NOON
        )
        Webhook.objects.create(
            name=f"w{number}", url="https://127.0.0.1:9/", salt="x", key_check="x"
        )
        Source.objects.create(name=f"s{number}", kind="sql")
        FixMarker.objects.create(title="x", applied_at=NOON, created_by="x")
        Note.objects.create(run=run, text="x", created_by="x", origin=Origin.COMMAND)
        BulkAction.objects.create(
            verb="clear_queued",
            label="x",
            things="phases",
            reason="x",
            actor="x",
            origin=Origin.COMMAND,
        )
    Hold.objects.create(kind="run", value="z", reason="x", created_by="x", origin=Origin.COMMAND)
    root = User.objects.create_superuser("root", password=None)
    return issue_token(root, "contract", Person("root", Origin.COMMAND), expires_at=None)[1]


if __name__ == "__main__":
    sys.exit(main())
