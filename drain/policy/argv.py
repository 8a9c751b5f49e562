"""A drain as arguments of `manage.py`, for pages and reports that name the same one again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from drain.policy.command_lines import option
from drain.policy.stopping.limits import Limits

_ALWAYS = ("batch_size", "parallel", "queued_policy")
# The command line does not offer it, so naming it would not run.
_NOT_OFFERED = ("failure_rate_window",)


def drain_argv(
    limits: Limits,
    *,
    run_ids: Iterable[str] = (),
    skip_run_prefixes: Iterable[str] = (),
    fingerprints: Iterable[str] = (),
    sources: Iterable[str] = (),
    note: str = "",
) -> list[str]:
    """`drain` with this scope and these limits; defaults are left out but for the first three."""
    argv = ["drain"]
    for run_id in run_ids:
        argv += option("--run-id", run_id)
    for name in sources:
        argv += option("--source", name)
    argv += _limits(limits)
    for prefix in skip_run_prefixes:
        argv += option("--skip-run-prefix", prefix)
    for key in fingerprints:
        argv += option("--fingerprint", key)
    if note:
        argv += option("--note", note)
    return argv


def same_again(scope: Mapping[str, Any], limits: dict[str, Any]) -> tuple[str, ...]:
    """A stored drain started anew, but for its wall clock, which may be over. Raises LimitError.

    Empty for one of single phases, which the command would widen to the whole backlog.
    """
    if scope.get("phase") is not None or scope.get("phases"):
        return ()
    return tuple(
        drain_argv(
            replace(Limits.from_json(limits), until=None),
            run_ids=scope.get("run_ids", ()),
            skip_run_prefixes=scope.get("skip_run_prefixes", ()),
            fingerprints=scope.get("fingerprints", ()),
            sources=scope.get("sources", ()),
        )
    )


def _limits(limits: Limits) -> list[str]:
    plain = Limits()
    argv: list[str] = []
    for name in (field.name for field in fields(limits)):
        value = getattr(limits, name)
        if name in _NOT_OFFERED or value is None:
            continue
        if isinstance(value, bool):
            argv += ["--" + name.replace("_", "-")] * value
        elif name in _ALWAYS or value != getattr(plain, name):
            argv += ["--" + name.replace("_", "-"), _text(value)]
    return argv


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    moment = getattr(value, "isoformat", None)
    return str(moment() if moment else value)
