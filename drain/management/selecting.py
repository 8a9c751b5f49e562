"""The filters of phases as command-line options, the same for every command that takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser, OutputWrapper
from django.utils import timezone

from drain.engine.queue.selection import PhaseFilter, Selection
from drain.policy.moments import read_moment
from drain.policy.words import counted

_LISTS: tuple[tuple[str, str, str, str], ...] = (
    ("run-id", "run_ids", "RUN", "of this run"),
    ("run-prefix", "run_prefixes", "PREFIX", "of runs whose id begins so"),
    ("label", "labels", "LABEL", "of runs with this label"),
    ("source", "sources", "NAME", "of runs of this source"),
    ("phase", "names", "PATTERN", "phases with this id or name; * stands for anything"),
    ("fingerprint", "fingerprints", "KEY", "failed last by this fingerprint"),
    ("type", "types", "TYPE", "of this type, as the source calls it"),
    ("category", "categories", "CATEGORY", "whose last failure has this category"),
)
_MOMENTS = (("failed-since", "since"), ("failed-before", "before"))
_NUMBERS = (("attempts-at-least", "attempts_at_least"), ("attempts-at-most", "attempts_at_most"))


def add_filters(parser: CommandParser, *, known: tuple[str, ...] = ()) -> None:
    """Add one option for each filter, except those that the command has already (`known`)."""
    group = parser.add_argument_group(
        "filters", "One option again means either; different ones narrow each other."
    )
    for name, field, metavar, text in _LISTS:
        if name not in known:
            group.add_argument(
                f"--{name}", dest=f"filter_{field}", action="append", default=[], metavar=metavar,
                help=text,
            )  # fmt: skip
    group.add_argument("--error", dest="filter_error", default="", metavar="TEXT",
                       help="whose last failure says this")  # fmt: skip
    for name, field in _MOMENTS:
        group.add_argument(f"--{name}", dest=f"filter_{field}", metavar="TIME",
                           help="like 14:30, or 2026-01-31 18:00")  # fmt: skip
    for name, field in _NUMBERS:
        group.add_argument(f"--{name}", dest=f"filter_{field}", type=int, metavar="N",
                           help="attempts so far, over all drains")  # fmt: skip


def filter_from(options: Mapping[str, Any], now: datetime, **given: Any) -> PhaseFilter:
    """The filter that the options name; `given` are the command's own options. Raises MomentError."""
    values: dict[str, Any] = dict(given)
    for _, field, _, _ in _LISTS:
        if field not in given:
            values[field] = tuple(options[f"filter_{field}"])
    for _, field in _MOMENTS:
        typed = options[f"filter_{field}"]
        values[field] = read_moment(typed, timezone.localtime(now)) if typed else None
    for _, field in _NUMBERS:
        values[field] = options[f"filter_{field}"]
    return PhaseFilter(error=options["filter_error"], **values)


def print_selection(out: OutputWrapper, found: Selection, would: str) -> None:
    """Write the phases that an act would touch, for people."""
    out.write(
        f"{counted(found.total, 'phase')} of {counted(found.runs, 'run')} {would}. Nothing was changed."
    )
    for run_id, count in found.largest_runs:
        out.write(f"  {count:>7,}  run {run_id}")
    for key, title, count in found.largest_fingerprints:
        out.write(f"  {count:>7,}  {f'{key}  {title}' if key else 'without a fingerprint'}")
