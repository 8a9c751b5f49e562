"""Fixtures of all tests: a real PostgreSQL, never skipped for want of one.

DATABASE_URL is used when set. Otherwise an embedded cluster serves: in DRAINSITE_DATA when set,
else in a folder of this checkout. All test workers share it, and the last one to leave stops it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# A busy machine makes every example slow; none of that is a fault of what is tested.
settings.register_profile(
    "drainsite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None,
)
settings.load_profile("drainsite")

TOGETHER = ("tests/signing_in/test_oidc.py",)
"""Files whose tests share what takes seconds to start: a whole site."""


class SharedStarts(LoadScopeScheduling):
    """One test after the other to whoever is free, in pytest's order; whole files of TOGETHER to one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0] if nodeid.startswith(TOGETHER) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedStarts:
    config.option.loadscopereorder = False
    return SharedStarts(config, log)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Hold the server from the first process on, so that it does not come and go with workers."""
    if "DATABASE_URL" not in os.environ:
        from drainsite.postgres import ensure_running

        ensure_running(Path(os.environ["DRAINSITE_DATA"]))


EMPTY = """
DO $$
DECLARE
    one regclass;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN
        SELECT oid FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> ALL (ARRAY['django_migrations', 'django_content_type',
                'auth_permission', 'auth_group', 'auth_group_permissions'])
            AND pg_relation_size(oid) > 0
    LOOP
        IF pg_relation_size(one) > 1000000 THEN
            EXECUTE format('TRUNCATE %s CASCADE', one);
        ELSE
            EXECUTE format('DELETE FROM %s', one);
        END IF;
    END LOOP;
END $$
"""


@pytest.fixture(autouse=True, scope="session")
def _emptied_in_no_time() -> Iterator[None]:
    """Empty only the tables that a test has filled:
    Django truncates all of them, which is most of a small test's time.

    No trigger runs, so that a test's history ends with it, though the product itself never may take any away.
    What migrations fill stays, the roles and their permissions, so nothing has to be filled anew as after a
    migration.
    """
    from django.core.management.commands import flush as command
    from django.db.backends.postgresql.operations import DatabaseOperations

    flush = DatabaseOperations.execute_sql_flush

    def emptying(self: DatabaseOperations, _: list[str]) -> None:
        flush(self, [EMPTY])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", emptying)
        patch.setattr(command, "emit_post_migrate_signal", lambda *_, **__: None)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    """Let the database of this process be a copy of the migrated one."""
    from django.db import connection

    from tests.migrated import migrated

    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated(connection)


@pytest.fixture(autouse=True, scope="session")
def _the_admin_is_whole() -> None:
    """The addresses register the models; who looks into the registry may be a worker's first."""
    from drain.admin.apps import register_models

    register_models()


@pytest.fixture(autouse=True)
def _pages_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty the cache that pages share for some seconds: neither the next test nor a thread reads it."""
    from django.core.cache import caches

    from drain.dashboard.http import cache

    monkeypatch.setattr(cache, "SLOW_SECONDS", float("inf"))
    caches["pages"].clear()
