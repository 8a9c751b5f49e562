"""`executor set|list|remove|check`: the commands that run phases."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from drain.engine.errors import EngineError
from drain.engine.workers.executors import (
    ProfileInput,
    change_profile,
    check_profile,
    described,
    find_profile,
    remove_profile,
    set_profile,
)
from drain.management.actor import command_actor
from drain.management.base import DatabaseCommand
from drain.models import ExecutorProfile
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.remote import JOB_ID, Kind

CHECK_FAILED = 3


class Command(DatabaseCommand):
    """Parse, call one verb, print."""

    help = "Define, list, check and remove the commands that run phases."

    def run_from_argv(self, argv: list[str]) -> None:
        """Keep what stands behind `--` from argparse: it is the phase's own command line."""
        own, self.command = _split(argv)
        super().run_from_argv(own)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of the contract."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="set|list|remove|check")
        _set_arguments(verbs.add_parser("set", help="define an executor: set NAME … -- ARGV…"))
        _json(verbs.add_parser("list", help="list executors"))
        remove = verbs.add_parser("remove", help="remove an executor that no run names")
        remove.add_argument("name", help="of the profile")
        remove.add_argument("--reason", required=True, help="for the people who read the history")
        _json(remove)
        check = verbs.add_parser("check", help="say whether this host can run them; exit 3 if not")
        check.add_argument("name", nargs="?", help="default: all")
        _json(check)

    def handle(self, *args: Any, **options: Any) -> None:
        """Call the verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except EngineError as error:
            # Only `set` can leave it out: argparse asks for it elsewhere.
            raise CommandError(
                str(error).replace("say why,", "say why with --reason TEXT,")
            ) from error

    def _set(self, options: dict[str, Any]) -> None:
        argv = (*(options.get("argv") or ()), *getattr(self, "command", ()))
        name, given, reason = options["name"], _given(options), options["reason"]
        folder = _folder_of(argv) if given.keys().isdisjoint(("cwd", "kind")) else ""
        if folder:
            given["cwd"] = folder
        if argv or "kind" in given:
            profile, warnings = set_profile(ProfileInput(name, argv, **given), _by(), reason)
        else:
            profile, warnings = change_profile(name, given, _by(), reason)
        if options["chunk"] is not None:
            self.stderr.write(
                "Note: --chunk does nothing any more: a worker looks after many phases at once (DRAIN_SLOTS)."
            )
        for warning in warnings:
            self.stderr.write(f"Warning: {warning}")
        self._print(
            options,
            {**described(profile), "warnings": warnings},
            f"Executor {profile.name} is set{' and the default' if profile.is_default else ''}."
            + (
                f" Its phases run in {folder}, where its files are (--cwd DIR names another)."
                if folder
                else ""
            ),
        )

    def _list(self, options: dict[str, Any]) -> None:
        found = [
            {**described(profile), "ramp_size": profile.ramp_size if profile.ramp else None}
            for profile in ExecutorProfile.objects.order_by("name")
        ]
        lines = [
            f"{item['name']}{' (default)' if item['default'] else ''}: {json.dumps(item['argv'])}"
            f"{' - values may stand in program text' if item['allow_program_text'] else ''}"
            for item in found
        ]
        self._print(options, found, "\n".join(lines) or "No executor is defined yet.")

    def _remove(self, options: dict[str, Any]) -> None:
        remove_profile(options["name"], _by(), options["reason"])
        self._print(
            options, {"removed": options["name"]}, f"Executor {options['name']} is removed."
        )

    def _check(self, options: dict[str, Any]) -> None:
        name = options["name"]
        profiles = [find_profile(name)] if name else list(ExecutorProfile.objects.order_by("name"))
        found = {profile.name: check_profile(profile) for profile in profiles}
        report = [
            {"name": name, "ok": not problems, "problems": problems}
            for name, problems in found.items()
        ]
        good = [
            f"{name}: this host can run it." for name, problems in found.items() if not problems
        ]
        self._print(options, report, "\n".join(good))
        bad = [f"{name}: {problem}" for name, problems in found.items() for problem in problems]
        if bad:
            raise CommandError("\n".join(bad), returncode=CHECK_FAILED)

    def _print(self, options: dict[str, Any], value: object, text: str) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(value))
        elif text:
            self.stdout.write(text)


def _folder_of(argv: Sequence[str]) -> str:
    """The folder of this shell if the command names a file in it by a relative path, else "".

    Workers were started in another folder as a rule, and would not find the file.
    """
    named = [item for at, item in enumerate(argv) if at or "/" in item]
    relative = [item for item in named if not item.startswith(("/", "-")) and "{" not in item]
    return os.getcwd() if any(map(os.path.isfile, relative)) else ""  # noqa: PTH109 - no text is refused


def _split(argv: list[str]) -> tuple[list[str], tuple[str, ...]]:
    if "--" not in argv:
        return argv, ()
    at = argv.index("--")
    return argv[:at], tuple(argv[at + 1 :])


def _json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _set_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="of the executor; a new name makes a new one")
    parser.add_argument(
        "--cwd",
        help="folder the phases run in; default: this one if the command names a file in it, else the worker's",
    )
    parser.add_argument("--timeout", type=float, help="seconds per phase")
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="K=V",
        nargs="+",
        help="variables of its phases",
    )
    parser.add_argument(
        "--env-from",
        action="append",
        default=[],
        metavar="K",
        nargs="+",
        help="variables of the worker that are passed on",
    )
    _remote_arguments(parser)
    parser.add_argument("--preflight", help="command that must succeed before a drain")
    parser.add_argument(
        "--service",
        metavar="CMD",
        help="what its phases share, kept running during a drain",
    )
    parser.add_argument(
        "--service-url", metavar="URL", help="where that says that it is well, in JSON"
    )
    parser.add_argument(
        "--default", action="store_true", default=None, help="for runs that name no executor"
    )
    parser.add_argument(
        "--max-parallel",
        type=int,
        metavar="N",
        help="phases of it at the same time, over all hosts",
    )
    parser.add_argument(
        "--starts-per-minute",
        type=int,
        metavar="N",
        help="phases of it that start within a minute, over all hosts",
    )
    parser.add_argument(
        "--ramp",
        type=float,
        metavar="SHARE",
        help="begin with one phase of it at once and double, up to --max-parallel, while less than this share (0 to 1) fails",
    )
    parser.add_argument(
        "--run-delay-seconds",
        type=float,
        metavar="S",
        help="from the end of an attempt of a run to the start of its next, one at a time, in all drains",
    )
    parser.add_argument("--chunk", type=int, help="accepted for one release, without effect")
    parser.add_argument(
        "--allow-dash", action="store_true", default=None, help="allow values that begin with -"
    )
    parser.add_argument(
        "--allow-program-text",
        action="store_true",
        default=None,
        help="allow values where an interpreter could take them for a program: who names a phase can then run code",
    )
    parser.add_argument(
        "--os-user",
        help="run as this OS user (the worker must be root); without it, the worker's own, who may read what the worker may",
    )
    parser.add_argument(
        "--reason",
        default="",
        help="for the people who read the history; asked for where it changes one that is there",
    )
    parser.add_argument(
        "argv",
        nargs="*",
        metavar="-- ARGV",
        help="command with placeholders; without it and without --kind, only what is named is changed",
    )
    _json(parser)


def _remote_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--kind",
        choices=list(Kind),
        help="how its phases run: as processes (local), as jobs of a service (http), as jobs of a Ray cluster (ray),"
        " as tasks of Airflow (airflow)",
    )
    parser.add_argument(
        "--url",
        help="http: where a job is started; ray: the cluster's dashboard; airflow: its web server",
    )
    parser.add_argument(
        "--poll-url", metavar="URL", help=f"where a job is asked for (URL/{JOB_ID})"
    )
    parser.add_argument(
        "--cancel-url", metavar="URL", help=f"where a job is cancelled (URL/{JOB_ID}/cancel)"
    )
    parser.add_argument(
        "--log-url", metavar="URL", help="where its log is read; without it, none is"
    )
    parser.add_argument(
        "--header-from",
        action="append",
        default=[],
        metavar="HEADER=K",
        nargs="+",
        help="headers of every request, from variables of the worker",
    )


def _pairs(option: str, groups: list[list[str]], form: str) -> dict[str, str] | None:
    found = {}
    for pair in (pair for group in groups for pair in group):
        name, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"{option} takes {form}, not {name[:60]!r}.", returncode=1)
        found[name] = value
    return found or None


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Fields of ProfileInput that the command line names."""
    given = {
        "cwd": options["cwd"],
        "timeout_seconds": options["timeout"],
        "env": _pairs("--env", options["env"], "NAME=VALUE"),
        "env_from": tuple(name for group in options["env_from"] for name in group) or None,
        "preflight": options["preflight"],
        "service": options["service"],
        "service_url": options["service_url"],
        "allow_dash": options["allow_dash"],
        "allow_program_text": options["allow_program_text"],
        "os_user": options["os_user"],
        "max_parallel": options["max_parallel"],
        "starts_per_minute": options["starts_per_minute"],
        "ramp": options["ramp"],
        "run_delay_seconds": options["run_delay_seconds"],
        "is_default": options["default"],
        "headers_from": _pairs("--header-from", options["header_from"], "HEADER=VARIABLE"),
        **{name: options[name] for name in ("kind", "url", "poll_url", "cancel_url", "log_url")},
    }
    return {name: value for name, value in given.items() if value is not None}


def _by() -> Person:
    return Person(command_actor(), Origin.COMMAND)
