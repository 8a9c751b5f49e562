"""The broker that carries wake-ups: the database itself, or Redis where DRAIN_BROKER_URL names one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django_q.brokers import get_broker
from django_q.tasks import async_task

from drain.engine.errors import EngineError
from drain.policy.secrets import masked

log = logging.getLogger(__name__)


def send(task: str, *arguments: object, cluster: str, name: str) -> bool:
    """Put a task in the queue of a cluster.

    False, with a line in the log, if Redis does not take it:
    rows are the truth, and what they ask for is sent again.
    """
    try:
        async_task(task, *arguments, cluster=cluster, task_name=name)
    except _redis_errors() as error:
        log.warning("the broker does not answer (%s); %s is sent again later", error, name)
        return False
    return True


def require_broker() -> None:
    """Raise EngineError with the way out if the broker cannot be used; the database is its own proof."""
    if not settings.BROKER_URL:
        return
    try:
        with _unheard():
            get_broker("drain").ping()
    except ImportError as error:
        raise EngineError(
            "DRAIN_BROKER_URL names Redis, but its Python package is missing: install drainsite[redis], "
            "or unset DRAIN_BROKER_URL to use the database."
        ) from error
    except Exception as error:
        raise EngineError(
            f"The broker {masked(settings.BROKER_URL)} does not answer ({error}): start it or correct "
            "DRAIN_BROKER_URL, or unset that on every host to use the database."
        ) from error


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep django-q's line about a silent broker out of the log: one sentence is said of it."""
    theirs = logging.getLogger("django-q")
    before = theirs.disabled
    theirs.disabled = True
    try:
        yield
    finally:
        theirs.disabled = before


def _redis_errors() -> tuple[type[Exception], ...]:
    if not settings.BROKER_URL:
        return ()
    try:
        from redis.exceptions import RedisError
    except ImportError:
        return (ImportError,)
    return (RedisError, OSError)
