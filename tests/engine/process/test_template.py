"""Placeholders become arguments, never options, options' values or code."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.engine.process.contract import Contract
from drain.engine.process.errors import TemplateError
from drain.engine.process.template import inspect, render


def contract(**values: Any) -> Contract:
    usual: dict[str, Any] = {
        "run_id": "r1",
        "phase_id": "p1",
        "phase_index": 4,
        "attempt": 2,
        "claim": "c",
    }
    return Contract(**(usual | values))


def test_every_placeholder_is_filled_inside_its_own_argument():
    argv = (
        "run",
        "{run_id}/{phase_id}",
        "--n={phase_index}.{attempt}",
        "{params[a b]}",
        "{params[n]}",
    )
    filled = render(argv, contract(params={"a b": "x; rm -rf {run_id}", "n": [1, True]}))
    assert filled == ("run", "r1/p1", "--n=4.2", "x; rm -rf {run_id}", "[1,true]")


@pytest.mark.parametrize("item", ["${HOME}", "{print $1}", '{"a": 1}', "{}", "a{,b}", "{"])
def test_braces_that_name_nothing_stay_as_they_are(item):
    assert render(("run", item), contract()) == ("run", item)


def test_doubled_braces_write_the_text_itself():
    assert render(("run", "{{run_id}}"), contract()) == ("run", "{run_id}")


@pytest.mark.parametrize(
    "item", ["{nope}", "{run}", "{params}", "{params[]}", "{run_id[x]}", "{claim}"]
)
def test_an_unknown_placeholder_is_refused_by_name(item):
    with pytest.raises(TemplateError, match="Unknown placeholder"):
        render(("run", item), contract())


def test_a_missing_parameter_is_refused_by_name():
    with pytest.raises(TemplateError, match="has no parameter 'model'"):
        render(("run", "{params[model]}"), contract())


@pytest.mark.parametrize("item", ["{run_id}", "{params[empty]}{run_id}"])
def test_a_value_cannot_become_an_option(item):
    evil = contract(run_id="--config=evil", params={"empty": ""})
    with pytest.raises(TemplateError, match=r"begins with a dash .*executor \(--allow-dash\)"):
        render(("run", item), evil)
    assert render(("run", item), evil, allow_dash=True)[1] == "--config=evil"
    for written, filled in (
        ("--run={run_id}", "--run=--config=evil"),
        ("-{run_id}", "---config=evil"),
    ):
        assert render(("run", written), evil) == ("run", filled)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_command_can_take_is_refused(value):
    with pytest.raises(TemplateError):
        render(("run", "{run_id}"), contract(run_id=value))


@pytest.mark.parametrize(
    "argv",
    [
        ("sh", "-c", "echo {run_id}"),
        ("/bin/bash", "-lc", "x {phase_id}"),
        ("env", "python3.11", "-I", "-c", "{run_id}"),
    ],
)
def test_a_name_never_becomes_code(argv):
    with pytest.raises(TemplateError, match="could run as code"):
        render(argv, contract())


def test_a_shell_script_gets_names_as_arguments():
    argv = ("sh", "-c", 'echo "$1" "${HOME}"', "sh", "{run_id}")
    assert render(argv, contract(run_id="$(id)"))[-1] == "$(id)"


def test_no_command_at_all_is_refused():
    for argv in ((), ("",), ("", "{run_id}")):
        with pytest.raises(TemplateError, match="no command"):
            render(argv, contract())


@given(st.text())
def test_any_text_is_one_argument_or_one_sentence(text):
    try:
        filled = render(("run", "{run_id}"), contract(run_id=text))
    except TemplateError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 (either way out is fine)
    else:
        assert filled == ("run", text)


@pytest.mark.parametrize(
    ("typed", "way"),
    [
        (["python3", "jobs/{phase_id}.py"], """sh -c 'exec python3 "jobs/$1.py"' sh {phase_id}"""),
        (
            ["timeout", "5", "bash", "j/{run_id}/{phase_id}.sh", "a b"],
            """sh -c 'exec timeout 5 bash "j/$1/$2.sh" '"'"'a b'"'"'' sh {run_id} {phase_id}""",
        ),
    ],
)
def test_a_script_that_a_value_names_is_refused_with_what_to_write_for_it(typed, way):
    with pytest.raises(TemplateError) as refused:
        inspect(typed)
    assert f": {way}. " in str(refused.value)
    inspect(shlex.split(way))


@pytest.mark.parametrize(
    "typed",
    [
        ["bash", "-c", "run {phase_id}"], ["bash", "-c", "{phase_id}.x"], ["python3", "{phase_id}"],
        ["sh", "a b/{phase_id}"], ["python3", "a/${X}{phase_id}.py"], ["python3", "a`id`{phase_id}.py"],
        ["bash", "j/{phase_id}.sh", "$(x){run_id}"],
    ],
)  # fmt: skip
def test_where_code_is_typed_nothing_is_offered_that_would_run_a_value(typed):
    with pytest.raises(TemplateError, match="sh -c 'exec tool -c"):
        inspect(typed)


def test_the_tenth_value_of_a_script_is_its_tenth_and_not_its_first_with_a_nought():
    typed = ["bash", "j/{run_id}.sh", *(f"{{params[{name}]}}" for name in "abcdefghi")]
    with pytest.raises(TemplateError) as refused:
        inspect(typed)
    way = str(refused.value).partition("behind a script: ")[2].rpartition(". An executor")[0]
    script = shlex.split(way)[2]
    assert script == 'exec bash "j/$1.sh" ' + " ".join(f'"${n}"' for n in range(2, 10)) + ' "${10}"'
    inspect(shlex.split(way))
