"""Reasons of the demo's failed phases:
the words of an Autopack that lost a module, a path and its patience.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

MISSING_MODULE = (
    "Traceback (most recent call last):\n"
    '  File "C:\\dev\\Autopack\\scripts\\drain_one_phase.py", line 41, in <module>\n'
    "    from autopack.autonomous_executor import AutonomousExecutor\n"
    '  File "C:\\dev\\Autopack\\src\\autopack\\autonomous_executor.py", line 1, in <module>\n'
    "    from autopack.coverage_tracker import calculate_coverage_delta\n"
    "ModuleNotFoundError: No module named 'autopack.coverage_tracker'"
)
BROKEN_SYNTAX = (
    '  File "/srv/autopack/src/autopack/autonomous_executor.py", line {line}\n'
    "    coverage_delta={{...}}\n"
    "    ^^^^^^^^^^^^^^^^^^^^\n"
    "SyntaxError: invalid syntax"
)
COLLECTION = (
    "CI collection/import error: ERROR collecting tests/autopack/workflow/test_research_review.py - "
    "ImportError: cannot import name 'ReviewDecision' from 'autopack.workflow.research_review' "
    "(C:\\dev\\Autopack\\src\\autopack\\workflow\\research_review.py)"
)
STRAY_LINES = (4537, 4557, 5168, 5180, 5717, 5729, 6056, 6068)
# What the fix marker of the demo says was mended.
MENDED = ("ModuleNotFoundError", "SyntaxError", "CI collection")


def broken_syntax(random: Random) -> str:
    """One of the eight stray lines."""
    return BROKEN_SYNTAX.format(line=random.choice(STRAY_LINES))


def _deliverables(random: Random) -> str:
    return (
        "DELIVERABLES_VALIDATION_FAILED: missing deliverables: "
        f"fileorganizer/fileorganizer/package-lock.json (attempt {random.randint(1, 40)})"
    )


def _patch(random: Random) -> str:
    return (
        f"PATCH_FAILED: patch does not apply: src/frontend/app_{random.randint(1, 40)}.tsx: "
        f"hunk #{random.randint(1, 9)} failed at line {random.randint(200, 7000)}"
    )


def _escalation(random: Random) -> str:
    size, budget = random.choice((4096, 8192, 16384)), random.choice((4096, 8192))
    return f"TOKEN_ESCALATION: output truncated at {size} tokens (budget {budget}), retry with larger budget"


def _gate(random: Random) -> str:
    return f"QUALITY_GATE_BLOCKED: {random.randint(3, 40)} major issues (limit 0)"


def _timeout(random: Random) -> str:
    session = f"{random.randint(0, 23):02}{random.randint(0, 59):02}{random.randint(0, 59):02}"
    return f"Phase drain timed out after 1800 seconds (session batch-drain-{session})"


def _connection(random: Random) -> str:
    return (
        "EXCEPTION: ConnectionError: HTTPConnectionPool(host='localhost', "
        f"port={random.randint(20_000, 65_000)}): Max retries exceeded with url: /runs "
        "(Caused by NewConnectionError('Failed to establish a new connection: [WinError 10061]'))"
    )


# The share of each: two systemic causes, and what every pipeline has besides.
_KINDS: tuple[tuple[int, Callable[[Random], str | None]], ...] = (
    (30, lambda _random: MISSING_MODULE),
    (25, lambda _random: COLLECTION),
    (10, broken_syntax),
    (12, _deliverables),
    (8, _patch),
    (7, _escalation),
    (5, _gate),
    (3, _timeout),
    (5, _connection),
    (5, lambda _random: None),
)


def any_reason(random: Random) -> str | None:
    """A failure reason, by its share; None where the pipeline noted none."""
    weights = [share for share, _ in _KINDS]
    make = random.choices([make for _, make in _KINDS], weights)[0]
    return make(random)
