"""The door of every command: no text that cannot be stored gets in, none that a terminal obeys gets out."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
    OutputWrapper,
)

from drain.management.examples import examples_of
from drain.policy.inert import inert
from drain.policy.texts import unstorable


class InertOutput(OutputWrapper):
    """Output of a command in which nothing that a phase or a person wrote is obeyed by a terminal."""

    def write(  # type: ignore[override] # Django says str | None, its stubs more
        self, msg: str = "", style_func: Any = None, ending: str | None = None
    ) -> None:
        """Write it, made inert before it is styled."""
        super().write(inert(msg), style_func, ending)


class HelpWithExamples(DjangoHelpFormatter):
    """Help whose examples stay as they are written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        parts = text.split("\n\n")
        return "\n\n".join(
            part if part.startswith("examples:") else fill(part, width, indent) for part in parts
        )


class InertParser(CommandParser):
    """The parser of a command's arguments, whose errors repeat what was typed."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(inert(message), file)


class SiteCommand(BaseCommand):
    """Any command of the site: only text comes in, and only inert text goes out.

    Bytes of its command line that are no UTF-8 are one sentence, exit 2.
    """

    def __init__(self, stdout: Any = None, stderr: Any = None, **options: Any) -> None:
        super().__init__(stdout, stderr, **options)
        self.stdout = InertOutput(stdout or sys.stdout)
        self.stderr = InertOutput(stderr or sys.stderr)
        self.stderr.style_func = self.style.ERROR

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return Django's parser, with inert errors; each option is spelt out."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        for each in _with_its_own(parser):
            # Django makes the parser itself and leaves its class to nobody.
            each.__class__ = InertParser
            # `--env A=B` was taken for --env-from: a part of a name is another name.
            each.allow_abbrev = False
        parser.formatter_class = HelpWithExamples
        said = (examples_of(subcommand), parser.epilog)
        parser.epilog = "\n\n".join(filter(None, said))
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it, if all that was given is text."""
        _require_text(options)
        for name in ("stdout", "stderr"):
            if (given := options.pop(name, None)) is not None:
                setattr(self, name, InertOutput(given))
        return super().execute(*args, **options)


def _with_its_own(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """A parser and those of its verbs, and of theirs."""
    yield parser
    for action in parser._actions:  # noqa: SLF001 - argparse tells of its verbs nowhere else
        if isinstance(action, _SubParsersAction):
            for verb in action.choices.values():
                yield from _with_its_own(verb)


def _require_text(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        for text in _texts(value):
            if found := unstorable(text):
                what = name.replace("_", " ").upper()
                raise CommandError(f"The text for {what} holds {found}.", returncode=2)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str | Path):
        return [str(value)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return ()
