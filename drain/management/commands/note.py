"""`manage.py note add|list|remove`: what people write on runs and fingerprints."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from drain.engine.notes import (
    add_note,
    as_json,
    every_note,
    noted_fingerprint,
    noted_run,
    notes_on,
    remove_note,
)
from drain.management.base import DrainCommand
from drain.models import Fingerprint, Note, Run

LISTED = 50


class Command(DrainCommand):
    """Parse, call one verb, print."""

    help = "Write a note on a run or a fingerprint, for all who meet it; list notes, remove one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="write one")
        listed = verbs.add_parser("list", help=f"print the newest {LISTED}")
        for each in (add, listed):
            about = each.add_mutually_exclusive_group(required=each is add)
            about.add_argument("--run-id", metavar="RUN", help="the run that it is about")
            about.add_argument(
                "--fingerprint", metavar="KEY", help="the fingerprint that it is about"
            )
        add.add_argument("text", help="what the others should know")
        remove = verbs.add_parser("remove", help="take one off; the audit keeps its words")
        remove.add_argument("note", type=int, help="its number")
        for each in (add, listed, remove):
            super().add_arguments(each)

    def act(self, **options: Any) -> None:
        """Call the verb."""
        if options["verb"] == "remove":
            note = remove_note(options["note"], self.actor)
            self._show(options, as_json(note), [f"Note {note.pk} is removed."])
            return
        about = _about(options)
        if options["verb"] == "add":
            if about is None:
                raise CommandError("Name --run-id RUN or --fingerprint KEY.", returncode=2)
            note = add_note(about, options["text"], self.actor)
            self._show(options, as_json(note), [f"Note {note.pk} is kept."])
            return
        found = list((every_note() if about is None else notes_on(about))[:LISTED])
        lines = [_line(note) for note in found] or ["No note yet."]
        self._show(options, {"notes": [as_json(note) for note in found]}, lines)

    def _show(self, options: dict[str, Any], value: Any, lines: list[str]) -> None:
        if options["json"]:
            self.print_json(value)
            return
        for line in lines:
            self.stdout.write(line)


def _about(options: dict[str, Any]) -> Run | Fingerprint | None:
    if options["run_id"]:
        return noted_run(options["run_id"])
    return noted_fingerprint(options["fingerprint"]) if options["fingerprint"] else None


def _line(note: Note) -> str:
    about = note.run.run_id if note.run else note.fingerprint.title if note.fingerprint else ""
    return f"{note.pk}  {note.created_at:%Y-%m-%d}  {note.created_by}  {about}: {note.text}"
