"""The contract of executors: every placeholder and every variable, as the phase's own process sees it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from drain.models import Attempt, Phase
from tests.engine.conftest import Backlog, Manage

pytestmark = pytest.mark.django_db(transaction=True)

PARAMS = {"model": "large one", "max-tokens": 5, "deep": {"a": [1, None, "é"]}, "none": None}
ARGUMENTS = {
    "{run_id}": "r",
    "{phase_id}": "p0",
    "{phase_index}": "0",
    "{attempt}": "1",
    "{params[model]}": "large one",
    "{params[max-tokens]}": "5",
    "{params[deep]}": '{"a":[1,null,"é"]}',
    "a={attempt},{phase_id}": "a=1,p0",
    "{{run_id}}": "{run_id}",
}
VARIABLES = {
    "DRAIN_RUN_ID": "r",
    "DRAIN_PHASE_ID": "p0",
    "DRAIN_ATTEMPT": "1",
    "DRAIN_PARAM_MODEL": "large one",
    "DRAIN_PARAM_MAX_TOKENS": "5",
    "DRAIN_PARAM_DEEP": '{"a": [1, null, "é"]}',
    "DRAIN_PARAM_NONE": "null",
    "PYTHONUTF8": "1",
    "LEVEL": "2",
}
SCRIPT = """printf '%s\\0' "$@" > "$OUT/arguments"; env -0 > "$OUT/env"
echo '{"event":"telemetry","kind":"tokens","actual_tokens":7}' >> "$DRAIN_REPORT"
"""


def contract(backlog: Backlog) -> None:
    """One phase with parameters, and an executor that uses everything the contract offers."""
    backlog.executor(
        SCRIPT,
        argv=["/bin/sh", "-c", SCRIPT, "sh", *ARGUMENTS],
        env={"OUT": str(backlog.folder), "LEVEL": "2"},
    )
    backlog.run("r", 1)
    Phase.objects.update(params=PARAMS)


def check(folder: Path) -> None:
    """Assert that the phase saw the promised values, and that its report was read."""
    seen = (folder / "arguments").read_bytes().decode().split("\0")[:-1]
    assert dict(zip(ARGUMENTS, seen, strict=True)) == ARGUMENTS
    lines = (folder / "env").read_bytes().decode().split("\0")[:-1]
    env = dict(line.split("=", 1) for line in lines)
    assert {name: env.get(name) for name in VARIABLES} == VARIABLES
    attempt = Attempt.objects.get()
    assert env["DRAIN_CLAIM"].endswith(f".{attempt.lease.hex}" if attempt.lease else "?")
    assert env["DRAIN_REPORT"].endswith(".jsonl")
    assert (attempt.outcome, attempt.telemetry_count) == ("complete", 1)


def test_a_phase_drained_inline_gets_all_of_the_contract(backlog: Backlog) -> None:
    contract(backlog)
    backlog.drain()
    check(backlog.folder)


@pytest.mark.verify
@pytest.mark.serial
def test_a_phase_drained_by_a_worker_gets_all_of_the_contract(
    backlog: Backlog, manage: Manage
) -> None:
    contract(backlog)
    site = manage("up", "--role", "worker", "--workers", "1")
    try:
        deadline = time.monotonic() + 300
        while True:
            drain = manage("drain", "--json")
            out, err = drain.communicate(timeout=300)
            if drain.returncode == 0:
                break
            assert "No worker is alive" in err
            assert time.monotonic() < deadline, "no worker came"
            time.sleep(0.2)
        assert json.loads(out)["complete"] == 1
        check(backlog.folder)
    finally:
        site.terminate()
        site.communicate(timeout=300)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"a-b": 1, "a_b": 2}, "would both be DRAIN_PARAM_A_B"),
        ({"big": "x" * 40_000}, "'big' of the phase has more than 32 kB"),
    ],
)
def test_parameters_that_no_environment_can_carry_fail_the_phase_with_a_sentence(
    backlog: Backlog, params: dict[str, object], sentence: str
) -> None:
    backlog.executor("true")
    backlog.run("r", 1)
    Phase.objects.update(params=params)
    backlog.drain(max_attempts_per_phase=1)
    assert sentence in Phase.objects.get().last_failure_reason
    assert Attempt.objects.get().outcome == "failed"


@pytest.mark.parametrize("params", [["a list"], "a text", 7])
def test_parameters_that_are_no_object_are_none(backlog: Backlog, params: object) -> None:
    backlog.executor("true")
    backlog.run("r", 1)
    Phase.objects.update(params=params)
    backlog.drain()
    assert Phase.objects.get().state == "COMPLETE"


@pytest.mark.parametrize(
    "place", ["local.prepare", "local.start", "local.keep_log", "results.decide"]
)
def test_whatever_goes_wrong_around_a_phase_fails_it_with_the_real_sentence(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("the disk said no")

    monkeypatch.setattr(f"drain.engine.executions.{place}", broken)
    backlog.executor("true")
    backlog.run("r", 2)
    session = backlog.drain()
    assert session.state == "finished"
    for attempt in Attempt.objects.all():
        assert (attempt.outcome, "LookupError: the disk said no" in attempt.error) == (
            "failed",
            True,
        )
    assert Attempt.objects.count() == 2
