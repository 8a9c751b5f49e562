"""A phase sees a short list of variables, never the site's secrets."""

from __future__ import annotations

import pytest

from drain.engine.process.contract import Contract
from drain.engine.process.environment import build_environment
from drain.engine.process.errors import RefusedVariableError

CONTRACT = Contract("r1", "p1", 4, 2, "w.l")
WORKER = {
    "PATH": "/bin",
    "LC_ALL": "C.UTF-8",
    "SECRET_KEY": "s",
    "DATABASE_URL": "postgres://site",
    "DRAIN_BROKER_URL": "redis://x",
    "DJANGO_SETTINGS_MODULE": "m",
    "DRAIN_CLAIM": "outer.claim",
    "OPENAI_API_KEY": "k",
}


def build(env=None, env_from=(), worker=WORKER):
    return build_environment(env or {}, env_from, CONTRACT, "/f/report", worker)


def test_only_the_short_list_and_the_contract_pass():
    assert build() == {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "DRAIN_RUN_ID": "r1",
        "DRAIN_PHASE_ID": "p1",
        "DRAIN_ATTEMPT": "2",
        "DRAIN_CLAIM": "w.l",
        "DRAIN_REPORT": "/f/report",
    }


def test_what_the_profile_names_passes_too():
    env = build({"DATABASE_URL": "sqlite:///own"}, ["OPENAI_API_KEY"])
    assert (env["DATABASE_URL"], env["OPENAI_API_KEY"]) == ("sqlite:///own", "k")


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "DRAIN_BROKER_URL", "DJANGO_SETTINGS_MODULE"]
)
def test_a_secret_of_the_site_cannot_be_passed_through(name):
    with pytest.raises(RefusedVariableError, match=name):
        build(env_from=[name])


def test_a_variable_the_host_does_not_have_is_named():
    with pytest.raises(RefusedVariableError, match="has no MISSING"):
        build(env_from=["MISSING"])


@pytest.mark.parametrize("env", [{"DRAIN_CLAIM": "x"}, {"A=B": "x"}, {"": "x"}, {"A": "x\0y"}])
def test_a_variable_that_cannot_be_set_is_refused(env):
    with pytest.raises(RefusedVariableError):
        build(env)


def test_python_always_speaks_utf_8_and_there_is_always_a_path():
    env = build({"PYTHONUTF8": "0"}, worker={})
    assert env["PYTHONUTF8"] == "1"
    assert env["PATH"]
