"""No command takes a text that could neither be stored nor shown: one sentence, exit 2."""

from __future__ import annotations

import subprocess
import sys
from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand, CommandError

from drain.management import commands
from drain.management.texts import InertParser, SiteCommand

NAMES = sorted(
    path.stem for path in Path(commands.__file__).parent.glob("*.py") if path.stem != "__init__"
)


def _parsers(command: BaseCommand) -> Iterator[ArgumentParser]:
    """Of the command and of its verbs."""
    parsers: list[ArgumentParser] = [command.create_parser("manage.py", "x")]
    while parsers:
        parser = parsers.pop()
        yield parser
        for action in parser._actions:
            if isinstance(action, _SubParsersAction):
                parsers += action.choices.values()


def _actions(command: BaseCommand) -> Iterator[Action]:
    for parser in _parsers(command):
        for action in parser._actions:
            if action.nargs != 0 and action.type in (None, str, Path):
                yield action


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_an_option_is_no_option_and_errors_of_verbs_are_inert(name):
    """`--env A=B` would be `--env-from A=B`: a variable by a name that nothing can have."""
    for parser in _parsers(load_command_class("drain", name)):
        assert isinstance(parser, InertParser)
        assert not parser.allow_abbrev


def test_a_part_of_an_option_is_refused_with_its_words():
    command = load_command_class("drain", "import_autopack")
    with pytest.raises(CommandError, match="unrecognized arguments: --env A=B"):
        command.create_parser("manage.py", "import_autopack").parse_args(["x", "--env", "A=B"])


@pytest.mark.parametrize("name", NAMES)
def test_every_text_of_every_command_is_looked_at_before_anything_happens(name):
    """Without a database: a command that went on would fail on that."""
    command = load_command_class("drain", name)
    assert isinstance(command, SiteCommand)
    for action in _actions(command):
        for text, what in (("a\udcff", "half of a character"), ("a\0", "a NUL byte")):
            given = Path(text) if action.type is Path else text
            options = {action.dest: [given] if action.nargs else given}
            with pytest.raises(CommandError, match=f"holds {what}") as refused:
                command.execute(**options)
            assert refused.value.returncode == 2


def test_bytes_on_a_command_line_that_are_no_text_are_a_sentence_and_no_traceback():
    done = subprocess.run(
        [sys.executable, "manage.py", "marker", "add", b"mended\xff"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    said = "CommandError: The text for TITLE holds half of a character, like \\ud800: write it in UTF-8."
    assert (done.returncode, done.stderr.decode().strip()) == (2, said)
