"""The options of `executor set`, and what of an executor they name."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from drain.policy.remote import JOB_ID, Kind


def json_option(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def set_arguments(parser: ArgumentParser) -> None:
    """Add the options of `executor set`, in the order of its help."""
    parser.add_argument("name", help="of the executor; a new name makes a new one")
    _process_arguments(parser)
    _remote_arguments(parser)
    _service_arguments(parser)
    _pace_arguments(parser)
    parser.add_argument("--chunk", type=int, help="accepted for one release, without effect")
    _trust_arguments(parser)
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
    json_option(parser)


def _process_arguments(parser: ArgumentParser) -> None:
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


def _service_arguments(parser: ArgumentParser) -> None:
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


def _pace_arguments(parser: ArgumentParser) -> None:
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


def _trust_arguments(parser: ArgumentParser) -> None:
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


def given_options(options: dict[str, Any]) -> dict[str, Any]:
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
