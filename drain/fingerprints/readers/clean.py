"""Takes a text out of its wrapping: encodings, colours, log prefixes, JSON log lines.

Every step looks for its own mark first, so a plain text passes through untouched.
"""

from __future__ import annotations

import re

from drain.fingerprints.readers.json_lines import unwrap_json

_ANSI = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]?|\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)?|[@-Z\\^_])?"
)
_BARE_ANSI = re.compile(r"\[(?:\d{1,3}(?:;\d{1,3}){0,4})?m")
_LEAD = re.compile(r"[ \t]{0,40}")
_LEAST_INDENT = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def to_text(raw: str | bytes) -> str:
    """The text of any bytes; what is no UTF-8 becomes U+FFFD."""
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def clean(text: str) -> str:
    """The bare text, lines parted by ``\\n``; never empty when something printable was there."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    elif "[0m" in text or "[m" in text:
        # Colours of which a runner kept all but the first character.
        text = _BARE_ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable() and not text.isascii():
        text = text.replace("\u2028", "\n").replace("\x85", "\n")
    if "\x00" in text:
        text = _CONTROL.sub("", text)
    if text[:1].isspace():
        text = _without_indent(text)
    if "{" in text:
        text = unwrap_json(text)
    return text


def _without_indent(text: str) -> str:
    """The text without the blanks that all its lines begin with: a whole output that stands under a heading.

    Fewer than four say nothing: reports indent what belongs to them.
    """
    lines = text.split("\n")
    filled = [line for line in lines if line and not line.isspace()]
    lead = _LEAD.match(filled[0]) if filled else None
    shared = lead.group() if lead else ""
    while shared and not all(line.startswith(shared) for line in filled):
        shared = shared[:-1]
    if "\t" not in shared and len(shared) < _LEAST_INDENT:
        return text
    return "\n".join(line.removeprefix(shared) for line in lines)
