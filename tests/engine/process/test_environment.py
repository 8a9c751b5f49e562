"""A phase sees a short list of variables, never the site's secrets."""

from __future__ import annotations

import pytest

from drain.engine.process.contract import Contract
from drain.engine.process.environment import (
    PARAM_LIMIT,
    build_environment,
    header_values,
    param_variables,
)
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
    "DRAINSITE_DATA": "/var/lib/drainsite",
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


@pytest.mark.parametrize("name", sorted(WORKER.keys() - {"PATH", "LC_ALL", "OPENAI_API_KEY"}))
def test_a_secret_of_the_site_cannot_be_passed_through(name):
    with pytest.raises(RefusedVariableError, match=name):
        build(env_from=[name])


def test_a_variable_the_host_does_not_have_is_named():
    with pytest.raises(RefusedVariableError, match="has no MISSING"):
        build(env_from=["MISSING"])


@pytest.mark.parametrize(
    "env",
    [
        *({"DRAIN_CLAIM": "x"}, {"DRAIN_PARAM_A": "x"}, {"A": "x\0y"}),
        *({"A=B": "x"}, {"A\0B": "x"}, {"": "x"}),
    ],
)
def test_a_variable_that_cannot_be_set_is_refused(env):
    with pytest.raises(RefusedVariableError):
        build(env)


def test_python_always_speaks_utf_8_and_there_is_always_a_path():
    env = build({"PYTHONUTF8": "0"}, worker={})
    assert env["PYTHONUTF8"] == "1"
    assert env["PATH"]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"a-b": 1, "A_b": 2}, "'a-b' and 'A_b' of the phase would both be DRAIN_PARAM_A_B"),
        ({"a": "x\0y"}, "holds a NUL byte"),
        ({"a": "x" * (PARAM_LIMIT + 1)}, "more than 32 kB"),
        ({"a": "é" * (PARAM_LIMIT // 2 + 1)}, "more than 32 kB"),
        ({"a": ["x" * PARAM_LIMIT]}, "more than 32 kB"),
    ],
)
def test_a_parameter_that_no_environment_can_carry_is_refused(params, sentence):
    with pytest.raises(RefusedVariableError, match=sentence):
        param_variables(params)


def test_a_parameter_is_a_variable_whatever_its_name_and_text():
    params = {"Größe (cm)": 5, "a": "x" * PARAM_LIMIT, "half": "\ud800"}
    assert param_variables(params) == {
        "DRAIN_PARAM_GR_SSE__CM_": "5",
        "DRAIN_PARAM_A": "x" * PARAM_LIMIT,
        "DRAIN_PARAM_HALF": "\ud800",
    }


@pytest.mark.parametrize(("run", "phase"), [("r\0", "p"), ("r", "p\0")])
def test_a_name_that_no_environment_can_carry_is_refused(run, phase):
    with pytest.raises(RefusedVariableError, match="holds a NUL byte"):
        build_environment({}, (), Contract(run, phase, 4, 2, "w.l"), "/f/report", WORKER)


def test_a_header_is_the_value_of_a_variable_without_its_line_end():
    assert header_values({"Authorization": "TOKEN"}, {"TOKEN": "Bearer x\n"}) == {
        "Authorization": "Bearer x"
    }


@pytest.mark.parametrize("value", ["", " \n", "a\nInjected: b", "naïve"])
def test_a_value_that_no_header_can_carry_is_refused_and_not_shown(value):
    with pytest.raises(RefusedVariableError, match="TOKEN, which the header A") as caught:
        header_values({"A": "TOKEN"}, {"TOKEN": value})
    assert not value.strip() or value not in str(caught.value)


def test_a_header_cannot_be_made_of_a_secret_of_the_site():
    with pytest.raises(RefusedVariableError, match="never passed to a phase"):
        header_values({"A": "SECRET_KEY"}, WORKER)
