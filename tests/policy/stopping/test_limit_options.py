"""The command line takes every limit that there is."""

from __future__ import annotations

from dataclasses import fields

from django.core.management.base import CommandParser

from drain.management.limits import add_limits
from drain.policy.stopping.limits import Limits

NOT_OFFERED = {"failure_rate_window"}
SAID_ANOTHER_WAY = {"help", "no_skip_runs_with_queued"}


def test_a_drain_has_an_option_for_every_limit():
    parser = CommandParser()
    add_limits(parser)
    options = {action.dest for action in parser._actions} - SAID_ANOTHER_WAY
    alone = options ^ ({limit.name for limit in fields(Limits)} - NOT_OFFERED)
    assert not alone, (
        f"of Limits or the options of drain/management/limits.py alone: {sorted(alone)}"
    )
