"""What a page did or would do, as a command line that does the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from drain.engine.scope import SessionScope
from drain.policy.limits import Limits

MANAGE = "manage.py"
_ALWAYS = ("batch_size", "parallel", "queued_policy")
# The command line does not offer it, so naming it would not run.
_NOT_OFFERED = ("failure_rate_window",)


def drain_command(scope: SessionScope, limits: Limits, note: str = "") -> list[str]:
    """`manage.py drain` with this scope and these limits; defaults are left out but for the first three."""
    argv = [MANAGE, "drain"]
    for run_id in scope.run_ids:
        argv += ["--run-id", run_id]
    argv += _limits(limits)
    for prefix in scope.skip_run_prefixes:
        argv += ["--skip-run-prefix", prefix]
    for key in scope.fingerprints:
        argv += ["--fingerprint", key]
    if note:
        argv += ["--note", note]
    return argv


def _limits(limits: Limits) -> list[str]:
    plain = Limits()
    argv: list[str] = []
    for name in (field.name for field in fields(limits)):
        value = getattr(limits, name)
        if name in _NOT_OFFERED or value is None:
            continue
        if name in _ALWAYS or value != getattr(plain, name):
            argv += ["--" + name.replace("_", "-"), _text(value)]
    return argv


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    moment = getattr(value, "isoformat", None)
    return str(moment() if moment else value)


def manage(argv: Sequence[str]) -> list[str]:
    """A command of the policy's actions, which starts after `manage.py`."""
    return [MANAGE, *argv]
