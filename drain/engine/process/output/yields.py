"""Reasons for missing telemetry, read from an attempt's end and its output: a heuristic, stated as such."""

from __future__ import annotations

import re

from drain.engine.process.ended import Ended
from drain.policy.states import Outcome

ZERO_YIELD_REASONS = (
    "success_no_llm_calls",
    "timeout",
    "failed_before_llm",
    "llm_boundary_hit",
    "execution_error",
    "unknown",
)

_LIMIT = re.compile(
    r"context[_ ]length[_ ]exceeded|context window (?:is )?(?:exceeded|full)|maximum context"
    r"|prompt is too long|conversation (?:is )?too long|(?:message|turn|token)s? limit (?:was |is )?(?:hit|reached|exceeded)"
    r"|max_turns|max[_ ]tokens (?:was |is )?(?:hit|reached|exceeded)|TOKEN_ESCALATION",
    re.IGNORECASE,
)
_SETUP = re.compile(
    r"ModuleNotFoundError|ImportError|SyntaxError|error collecting|error during collection|command not found"
    r"|No such file or directory|can't open file|environment variable|not configured|API[_ ]key|validation failed"
    r"|preflight|usage:|(?:validation|schema|database|connection) error|missing required field|invalid phase"
    r"|(?:phase|run) not found|permission denied|connection refused",
    re.IGNORECASE,
)
_MODEL_CALL = re.compile(
    r"\[LLM\]|llm (?:call|request|response)|(?:prompt|completion|input|output)_tokens",
    re.IGNORECASE,
)
_CRASH = re.compile(
    r"Traceback \(most recent call last\)|panicked at|Segmentation fault|\b\w+(?:Error|Exception)\b"
)
_CANNOT_RUN = (126, 127)


def hit_limit(text: str) -> bool:
    """Return whether the text says that a message or context limit was reached."""
    return _LIMIT.search(text) is not None


def zero_yield_reason(outcome: Outcome, ended: Ended, text: str, *, limit: bool) -> str:
    """Return the most specific of ZERO_YIELD_REASONS; the first that applies."""
    if outcome is Outcome.COMPLETE:
        return "success_no_llm_calls"
    if outcome is Outcome.TIMEOUT:
        return "timeout"
    if limit:
        return "llm_boundary_hit"
    if ended.exit_code in _CANNOT_RUN or (_SETUP.search(text) and not _MODEL_CALL.search(text)):
        return "failed_before_llm"
    if ended.signal is not None or _CRASH.search(text):
        return "execution_error"
    return "unknown"
