"""Hosts share a broker, the database or Redis, and a secret: both work, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.test import override_settings
from django_q.brokers.redis_broker import Redis as RedisBroker

from drain.engine.errors import EngineError
from drain.engine.workers import broker as broker_module
from drain.engine.workers import hosts
from drain.engine.workers.broker import require_broker, send
from drain.engine.workers.hosts import key_check, register_host, require_shared_secret, strength
from drain.engine.workers.wakeups import wake
from drain.models import WorkerHost
from drainsite.environment import with_timeouts
from tests.engine.conftest import Backlog
from tests.factories import SessionFactory
from tests.hosts import Host, redis_server, until

Start = Callable[..., Host]


@pytest.fixture
def start(tmp_path: Path, transactional_db: None) -> Iterator[Start]:
    started: list[Host] = []

    def start(*arguments: str, folder: str = "data", **env: str) -> Host:
        started.append(Host(*arguments, folder=tmp_path / folder, **env))
        return started[-1]

    yield start
    for host in started:
        host.clear()


@pytest.fixture
def backlog(tmp_path: Path, transactional_db: None) -> Backlog:
    return Backlog(tmp_path)


@pytest.fixture(params=["database", "redis"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    if request.param == "database":
        yield {}
        return
    with redis_server(tmp_path) as (address, _):
        yield {"DRAIN_BROKER_URL": address}


@pytest.mark.verify
def test_two_hosts_drain_over_either_broker(
    start: Start, backlog: Backlog, broker: dict[str, str]
) -> None:
    backlog.executor('echo $1 >> "$OUT/marks"; sleep 0.2')
    for run in range(4):
        backlog.run(f"r{run}", 5)
    for name in ("one", "two"):
        start("up", "--role", "worker", "--workers", "1", folder=name, **broker)
    until(lambda: strength().hosts == 2, 300)
    drained = start("drain", "--parallel", "2", "--batch-size", "100", "--json", **broker).json()
    assert (drained["complete"], drained["lost"]) == (20, 0)
    assert len(backlog.marks()) == 20


@pytest.mark.verify
def test_the_site_comes_up_whichever_broker_there_is(start: Start) -> None:
    for broker in ({}, {"DRAIN_BROKER_URL": "redis://127.0.0.1:1/0"}):
        checked = start("check", **broker)
        assert checked.ended() == 0, checked.output


@pytest.mark.verify
def test_a_host_with_a_secret_of_its_own_is_refused_before_it_takes_a_wake_up(
    start: Start, broker: dict[str, str]
) -> None:
    up = ("up", "--role", "worker", "--workers", "1")
    start(*up, folder="one", **broker)
    until(lambda: strength().hosts == 1, 300)
    other = start(*up, folder="two", SECRET_KEY="another" * 8, **broker)
    assert other.ended() == 1
    assert "another SECRET_KEY" in other.output
    assert strength().hosts == 1


@pytest.mark.django_db
def test_a_shell_with_another_secret_is_refused_and_one_with_the_same_is_not() -> None:
    register_host(1, [])
    require_shared_secret()
    with (
        override_settings(SECRET_KEY="another" * 8),
        pytest.raises(EngineError, match="SECRET_KEY"),
    ):
        require_shared_secret()
    with (
        override_settings(SECRET_KEY="another" * 8),
        pytest.raises(EngineError, match="SECRET_KEY"),
    ):
        register_host(1, [])
    assert WorkerHost.objects.count() == 1


@pytest.mark.django_db
def test_hosts_that_ended_or_fell_silent_do_not_stand_in_the_way_of_a_new_secret() -> None:
    first, second = (register_host(1, []) for _ in range(2))
    hosts.stop_host(first)
    WorkerHost.objects.filter(pk=second).update(last_seen="2026-01-01T00:00Z")
    with override_settings(SECRET_KEY="another" * 8):
        require_shared_secret()


@pytest.mark.django_db
def test_a_host_of_a_version_that_says_nothing_of_its_secret_is_no_other() -> None:
    register_host(1, [])
    WorkerHost.objects.update(key_check="")
    require_shared_secret()


@pytest.mark.django_db
def test_what_is_kept_of_the_secret_does_not_hold_it() -> None:
    with override_settings(SECRET_KEY="a-secret-that-nobody-may-read"):
        assert "secret" not in key_check()
        mine = key_check()
    assert mine != key_check()


def test_a_broker_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "redis://:hidden@127.0.0.1:1/0"
    monkeypatch.setattr(broker_module, "get_broker", lambda _: RedisBroker())
    monkeypatch.setattr(RedisBroker, "get_connection", lambda *_: redis.from_url(address))
    with (
        override_settings(BROKER_URL=address),
        pytest.raises(EngineError, match="does not answer") as refused,
    ):
        require_broker()
    assert "hidden" not in str(refused.value)


def test_a_broker_that_is_away_costs_a_wake_up_and_not_who_sends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(broker_module, "async_task", away)
    with override_settings(BROKER_URL="redis://127.0.0.1:1/0"):
        assert send("drain.tasks.answer", cluster="drain", name="answer") is False


@pytest.mark.django_db
def test_a_drain_is_started_although_its_wake_ups_cannot_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(broker_module, "async_task", away)
    register_host(2, [])
    SessionFactory(state="running", ended_at=None)
    with override_settings(BROKER_URL="redis://127.0.0.1:1/0"):
        assert wake(fresh=True) == 0


def test_an_address_of_redis_gets_limits_unless_it_has_its_own() -> None:
    assert with_timeouts("redis://h:1/0?socket_timeout=3") == (
        "redis://h:1/0?socket_timeout=3&socket_connect_timeout=5&health_check_interval=30"
    )
    assert with_timeouts("unix:///run/redis.sock") == "unix:///run/redis.sock"
