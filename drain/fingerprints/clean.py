"""Takes a text out of its wrapping: encodings, colours, log prefixes, JSON log lines.

Every step looks for its own mark first, so a plain text passes through untouched.
"""

from __future__ import annotations

import json
import re

_ANSI = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]?|\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)?|[@-Z\\^_])?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

# Fields of a JSON log line, the most telling first.
_JSON_FIELDS = (
    "traceback", "exc_info", "exception", "stack_trace", "stacktrace", "stack", "stderr", "err",
    "error", "output", "log", "message", "msg", "reason", "text", "event", "detail", "details",
    "@message", "textPayload", "jsonPayload", "body",
)  # fmt: skip
JSON_LINE_CHARS = 64_000


def to_text(raw: str | bytes) -> str:
    """The text of any bytes; what is no UTF-8 becomes U+FFFD."""
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def clean(text: str) -> str:
    """The bare text, lines parted by ``\\n``; never empty when something printable was there."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable() and not text.isascii():
        text = text.replace("\u2028", "\n").replace("\x85", "\n")
    if "\x00" in text:
        text = _CONTROL.sub("", text)
    if "{" in text:
        text = unwrap_json(text)
    return text


def unwrap_json(text: str) -> str:
    """The messages of a log whose lines are JSON objects; other text comes back as it was."""
    head = text.lstrip()
    if not head.startswith("{") and '\n{"' not in text:
        return text
    lines = head.split("\n")
    found = [(_json_message(line) if line.startswith("{") else None) for line in lines]
    unwrapped = [
        (line if message is None else message.rstrip("\n"))
        for line, message in zip(lines, found, strict=True)
    ]
    return "\n".join(unwrapped) if any(message is not None for message in found) else text


def _json_message(line: str) -> str | None:
    line = line.rstrip()
    if len(line) > JSON_LINE_CHARS or not line.endswith("}"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _telling_field(value, 3)


def _telling_field(value: object, depth: int) -> str | None:
    """The most telling text of an object, looking at most ``depth`` objects down."""
    if isinstance(value, str):
        return value if value.strip() else None
    if not isinstance(value, dict) or depth == 0:
        return None
    return next(
        (
            text
            for name in _JSON_FIELDS
            if name in value and (text := _telling_field(value[name], depth - 1))
        ),
        None,
    )
