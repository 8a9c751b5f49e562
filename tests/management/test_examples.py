"""The examples at the end of each command's --help."""

from __future__ import annotations

import re
import shlex

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from drain.management.examples import EXAMPLES, examples_of

OWN = sorted(name for name, app in get_commands().items() if str(app).startswith("drain"))
"""Commands of the site; Django's and those of other packages have their own help."""


def _help(name: str) -> str:
    return (
        load_command_class(get_commands()[name], name)
        .create_parser("manage.py", name)
        .format_help()
    )


def test_there_are_examples_of_every_command_and_of_no_other() -> None:
    assert sorted(EXAMPLES) == OWN
    assert examples_of("nothing") == ""


@pytest.mark.parametrize("name", OWN)
def test_the_help_shows_two_examples_as_they_are_typed_and_the_command_takes_them(
    name: str,
) -> None:
    shown = re.findall(r"^  manage\.py (.+)$", _help(name), re.MULTILINE)
    assert shown == list(EXAMPLES[name])
    assert len(set(shown)) == 2
    for line in shown:
        first, *given = shlex.split(line)
        assert first == name
        if name == "log":
            given = [item for item in given if item not in (">", "attempt.log")]
        own = given[: given.index("--")] if "--" in given else given
        try:
            load_command_class(get_commands()[name], name).create_parser(
                "manage.py", name
            ).parse_args(own)
        except (CommandError, SystemExit) as error:
            pytest.fail(f"{line}: {error}")


@pytest.mark.parametrize("name", ["drain", "report", "session"])
def test_what_the_help_said_at_its_end_is_there_still(name: str) -> None:
    assert re.search(r"[Ee]xit codes", _help(name))
