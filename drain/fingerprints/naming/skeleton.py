"""The wide level of a plain line: every word that could be a value becomes ``<*>``.

Named rules over an already masked message. They err on the side of joining, which is what the
coarse level is for; the key keeps what they drop.
"""

from __future__ import annotations

import re

_RULES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    # Failed password for root from .. | session opened for user cyrus | (root) CMD
    (
        "name of an account",
        re.compile(
            r"\b(user|account|password for|failures for|for user|role|login|member|owner|group)([ =]+)(?!\w+[=:]|<\*>)[\w.@$-]+(?=[\s,;:.)\]]|$)",
            re.IGNORECASE,
        ),
        r"\1\2<*>",
    ),
    # com.apple.icloud.fmfd.heartbeat, org.apache.hadoop.hdfs: whose code spoke
    (
        "name of a package",
        re.compile(r"(?<![\w.-])(?:[A-Za-z][\w-]*\.){2,}[A-Za-z][\w-]*"),
        "<*>",
    ),
    ("quoted value", re.compile(r"\"[^\"]*\"|(?<!\w)'(?![A-Za-z]+')[^']*'(?!\w)"), "<*>"),
    ("value of a key", re.compile(r"(?<==)[^\s,;()\[\]{}]+"), "<*>"),
    ("nothing between brackets", re.compile(r"\(\)(?=\s)"), "(<*>)"),
)
# A word with a placeholder, a digit or a slash between letters in it, up to the next separator.
_WORD = re.compile(r"[^\s,;()\[\]{}=\"'|]+")
_CHANGING = re.compile(r"<[a-z]+>|\d|[^\s/]/[^\s/]|^/\w")
# Without one of these no word changes, and none was dropped before.
_COULD_CHANGE = re.compile(r"[<\d/]")
# ipv4, utf8, x86: names that happen to end in a digit.
_NAME = re.compile(r"(?:ipv|utf|x|sha|md|i)[-_]?\d{1,3}\Z", re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z_][\w.]{2,60}?:(?=[^:/])")
_RUN = re.compile(r"<\*>(?:[\s,:;.@|-]*<\*>)+")


def skeleton(message: str) -> str:
    """The message with all values gone and runs of them joined into one ``<*>``."""
    for _, pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    if not _COULD_CHANGE.search(message):
        return message
    return _RUN.sub("<*>", _WORD.sub(_drop_value, message))


def _drop_value(found: re.Match[str]) -> str:
    word = found.group()
    if not _CHANGING.search(word) or _NAME.match(word):
        return word
    label = _LABEL.match(word)
    tail = ":" if word.endswith(":") else ""
    return f"{label.group()}<*>{tail}" if label else f"<*>{tail}"
