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

_TIME = r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?"
_DATE = r"\d{4}[-/]\d{2}[-/]\d{2}"
_STAMP = rf"{_DATE}[T ]{_TIME}(?:Z|\s?[+-]\d{{2}}:?\d{{2}})?"
# What loggers and runners put before a line that is not theirs.
_PREFIX = re.compile(
    r"(?:"
    rf"{_STAMP}(?: (?:UTC|GMT|[A-Z]{{2,4}}T))?(?: std(?:out|err) [FP])?(?: |$)"
    rf"|\[{_STAMP}(?:: \w{{1,12}}/[\w-]{{1,40}})?\](?: |$)"
    rf"|\[{_TIME}\](?: |$)"
    r"|\[\d{1,2}/\d{1,2}/\d{2,4}, \d{1,2}:\d{2}:\d{2}(?: [AP]M)?\](?: |$)"
    rf"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d {_TIME} [\w.-]{{1,64}} [\w./-]{{1,64}}(?:\[\d{{1,8}}\])?: ?"
    r"|[A-Za-z][\w.-]{0,40}[-_]\d{1,4}\s{0,30}\| ?"
    r"|#\d{1,4} \d{1,6}\.\d{1,4}(?: |$)"
    rf"|{_TIME}(?: [AP]M)?(?: |$)"
    r")"
)
# Any word before a bar: compose without numbers. Taken off only when nearly all lines have it.
_BAR = re.compile(r"[A-Za-z][\w.-]{0,40}\s{0,30}\| ?")
_COMMON = re.compile(r"(?:\[[\w .:/-]{1,60}\]|[\w.-]{1,40}:|\S{1,40} \|) ?")
# What runners say last; it names no cause.
_CLOSING = re.compile(
    r"##\[error\](?:Process completed with exit code \d+\.|The process .{0,200} failed with exit code \d+)"
    r"|(?:ERROR|error): Job failed(?:: .{0,80})?$"
    r"|(?:Error|ERROR): Process completed with exit code \d+\.?$"
    r"|[\w.-]{1,60} exited with code \d+$"
    r"|Finished: FAILURE$|script returned exit code \d+$"
)
_MARKUP = re.compile(
    r"##\[(?:error|warning|group|endgroup|command)\]|::(?:error|warning)(?: [^:\n]{0,300})?::"
)
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
    return strip_prefixes(text)


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


def strip_prefixes(text: str) -> str:
    """The lines without what loggers and runners put before and after them."""
    if text.startswith(("Traceback (most recent", '  File "')) and "##[" not in text:
        return text
    lines = text.split("\n")
    # A runner's stamp, a container's name and the program's own stamp: nobody has more.
    for _ in range(3):
        lines = _strip_once(lines)
    if "##[" in text or "::error" in text:
        lines = [
            _MARKUP.sub("", line, count=1)
            if line.startswith(("##[", "::")) and not _CLOSING.match(line)
            else line
            for line in lines
        ]
    kept = [line for line in lines if not _CLOSING.match(line)] if _may_close(text) else lines
    return "\n".join(kept if any(line.strip() for line in kept) else lines)


def _may_close(text: str) -> bool:
    return (
        "exit code" in text
        or "exited with code" in text
        or "Job failed" in text
        or "Finished: FAILURE" in text
    )


def _strip_once(lines: list[str]) -> list[str]:
    """One layer of prefixes; the same list when there is none."""
    ends = [found.end() if (found := _PREFIX.match(line)) else 0 for line in lines]
    if any(ends) and any(
        len(line[end:].strip()) > 2 for line, end in zip(lines, ends, strict=True) if end
    ):
        return [line[end:] for line, end in zip(lines, ends, strict=True)]
    for pattern in (_BAR, _COMMON):
        filled = [line for line in lines if line.strip()]
        if len(filled) < 3 or not pattern.match(filled[0]):
            continue
        matches = [pattern.match(line) for line in lines]
        if (
            sum(1 for found in matches if found) * 5 >= len(filled) * 4
            and len({found.group() for found in matches if found}) == 1
        ):
            return [
                line[found.end() :] if found else line
                for line, found in zip(lines, matches, strict=True)
            ]
    return lines
