"""Reads JSON: a log whose lines are objects, or one object that is the whole answer of a service."""

from __future__ import annotations

import json
import re

from drain.fingerprints.words import own_words

# The most telling fields first: a trace, what went wrong, and what the program says about it.
_TRACES = (
    "traceback",
    "exc_info",
    "stack_trace",
    "stackTrace",
    "stacktrace",
    "stack",
    "stderr",
    "exception.stacktrace",
)
_ERRORS = (
    "exception", "err", "error", "errors", "reason", "cause", "caused_by", "root_cause", "errorMessage", "error_message",
    "error_description", "faultstring", "failure",
)  # fmt: skip
_MESSAGES = (
    "message", "msg", "Message", "@message", "text", "event", "detail", "details", "description", "title", "output", "log",
    "textPayload", "jsonPayload", "body",
)  # fmt: skip
_LEVELS = ("level", "severity", "levelname", "log.level", "lvl", "loglevel", "@level")
_TYPES = (
    "type",
    "errorType",
    "error_type",
    "exception_class",
    "name",
    "code",
    "class",
    "kind",
    "__type",
)
_TYPE = re.compile(
    r"[A-Za-z_][\w.$]{2,120}(?:[Ee]rror|[Ee]xception|Failure|Fault|Denied|Exceeded|NotFound)\Z"
)
# Numbers for levels, as bunyan and pino write them.
_NUMBERED = ((50, "ERROR"), (40, "WARN"), (0, "INFO"))
_LINE_CHARS = 64_000
_DEPTH = 3


def unwrap_json(text: str) -> str:
    """The messages of JSON objects with their levels; other text comes back as it was."""
    head = text.lstrip()
    if not head.startswith("{") and '\n{"' not in text:
        return text
    if head.startswith(("{\n", "{ \n")):
        whole = _message_of(head)
        if whole:
            return whole
    lines = head.split("\n")
    found = [(_message_of(line) if line.startswith("{") else None) for line in lines]
    if not any(found):
        return text
    return "\n".join(
        line if message is None else message for line, message in zip(lines, found, strict=True)
    )


def _message_of(line: str) -> str | None:
    """Return the message of one JSON object; None when it is none or has no message."""
    line = line.rstrip()
    if len(line) > _LINE_CHARS or not line.endswith("}"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    told = _tell(value, _DEPTH).rstrip("\n")
    if not told and any(value.get(name) == "" for name in _MESSAGES):
        # A blank line of what the program printed.
        return ""
    # The level is one line's; of an output of many lines it says nothing.
    level = _level(value) if "\n" not in told else ""
    return (f"[{level}] {told}" if level else told) if told else None


def _tell(value: object, depth: int) -> str:
    """The most telling text of a value, looking at most ``depth`` objects down; empty without one."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if depth and isinstance(value, list) and value:
        return _tell(value[0], depth - 1)
    if not depth or not isinstance(value, dict):
        return ""
    trace = _first(value, _TRACES, depth)
    if trace:
        return trace
    error, message = _first(value, _ERRORS, depth), _first(value, _MESSAGES, depth)
    if error and message and error not in message:
        message = error if own_words(message) < 2 or message in error else f"{message}: {error}"
    told = message or error
    kind = next((value[name] for name in _TYPES if isinstance(value.get(name), str)), "")
    return f"{kind}: {told}" if told and kind not in told and _TYPE.match(kind) else told


def _first(value: dict[str, object], names: tuple[str, ...], depth: int) -> str:
    return next(
        (told for name in names if name in value and (told := _tell(value[name], depth - 1))), ""
    )


def _level(value: dict[str, object]) -> str:
    found = next((value[name] for name in _LEVELS if name in value), None)
    if isinstance(found, str) and found.isalpha():
        return found.upper()
    if isinstance(found, int) and not isinstance(found, bool):
        return next(word for least, word in _NUMBERED if found >= least or not least)
    return ""
