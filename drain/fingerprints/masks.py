"""One pass over a message that replaces what changes between occurrences by placeholders.

A template's placeholders are the words of ``PLACEHOLDERS`` in angle brackets. Any other ``<`` is
the text's own, so that a page boxes exactly these and escapes the rest. A text that holds such a
word literally means the same as if the value had been masked, which makes masking idempotent.
"""

from __future__ import annotations

import re
from functools import lru_cache

from drain.fingerprints.spans import mask_spans
from drain.fingerprints.tokens import PLACEHOLDERS, mask_token

# Longer messages are cut: what names an error stands in its first lines.
MESSAGE_CHARS = 2_000

# Every alternative begins with another character and none can give back what it took, so the scan
# is linear. A quote opens only where no word ends (``can't`` is no quotation).
_SCAN = re.compile(
    r"<(?:" + "|".join(sorted(PLACEHOLDERS)) + r")>(?:[/\\][\w.+-]*)?"
    r"|(?<!\w)'[^'\n]{0,300}'(?!\w)"
    r'|"[^"\n]{0,300}"'
    r"|\d{1,3}(?:,\d{3})+(?![\w,])"
    r"|[^\s\"'`,;()\[\]{}<>|=]+"
)
# Without one of these there is nothing to mask.
_WORTH_A_LOOK = re.compile(r"[\d/\\\"'@=]|\.\w|deadbeef|::")
# A number after one of these words says what went wrong: it stays.
_MEANING = frozenset(
    {
        "code", "errno", "error", "exit", "http", "signal", "sqlstate", "status", "winerror",
        "http/1.0", "http/1.1", "http/2", "exitcode", "exit_code", "status_code", "returncode",
    }
)  # fmt: skip
# What stands after one of these is the cause itself, digits and all.
_NAMES_THE_CAUSE = re.compile(
    r"(?:resolve host(?:name)?|translate host name|ENOTFOUND|EAI_AGAIN|\bmodel|\bModel|lookup)[:=]? [\"'`]?\Z"
)
_GLUE = frozenset(" :=\"'([#\t")
_CODE = re.compile(r"-?\d{1,5}\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_$@][\w.$@:-]*\Z")
_LABELLED = re.compile(r"[A-Za-z]{2,20}: ")
_ID_KEY = re.compile(r"(?:\A|[_\W])ids?[\"']?\s*[:=]\s*\Z", re.IGNORECASE)


@lru_cache(maxsize=4096)
def mask(message: str) -> str:
    """The message with every changing part replaced; ``mask(mask(m)) == mask(m)``."""
    message = " ".join(message[: 2 * MESSAGE_CHARS].split())[:MESSAGE_CHARS]
    if not _WORTH_A_LOOK.search(message):
        return message
    message = mask_spans(message)
    out: list[str] = []
    end = 0
    previous = ""
    for found in _SCAN.finditer(message):
        start = found.start()
        gap = message[end:start]
        token = found.group()
        out.append(gap)
        previous = _replacement(token, gap, previous, message, start, out)
        end = found.end()
    out.append(message[end:])
    return "".join(out)


def _replacement(
    token: str, gap: str, previous: str, message: str, start: int, out: list[str]
) -> str:
    """Append what stands for the token; returns the word that the next number's meaning rests on."""
    first = token[0]
    if first in "\"'":
        out.append(_mask_quoted(token, message, start))
        return previous
    if first == "<" or (token.isalpha() and len(token) < 8):
        out.append(_mask_word(token, gap, message, start))
        return token.lower()
    if _means(token, gap, previous) or _NAMES_THE_CAUSE.search(message, max(0, start - 32), start):
        out.append(token)
    else:
        out.append(mask_token(token))
    return token.rstrip(":").lower()


def _means(token: str, gap: str, previous: str) -> bool:
    """Whether this number is part of what went wrong (``exit code 137``, ``HTTP 502``)."""
    if previous not in _MEANING or not _GLUE.issuperset(gap):
        return False
    return bool(_CODE.match(token.rstrip(".:,")))


def _mask_word(word: str, gap: str, message: str, start: int) -> str:
    """Words stay, but for the truth values of ``key=True`` and ``"key": true``."""
    if gap == "=" and word in ("True", "False"):
        return "<bool>"
    if word in ("true", "false") and message[max(0, start - 3) : start] == '": ':
        return "<bool>"
    return mask_token(word)


def _mask_quoted(quoted: str, message: str, start: int) -> str:
    """Names stay, values go; sentences are read like any other text."""
    quote, inner = quoted[0], quoted[1:-1]
    before = message[max(0, start - 24) : start]
    if before.endswith("=") and inner:
        return "<str>"
    if any(char.isdigit() for char in inner) and _ID_KEY.search(before):
        return f"{quote}<id>{quote}"
    if not inner or (inner.isalpha() and len(inner) < 8) or _NAMES_THE_CAUSE.search(before):
        return quoted
    if " " not in inner:
        return quote + _mask_inner(inner) + quote
    if _reads_like_a_sentence(inner):
        return quote + mask(inner) + quote
    return f"{quote}<str>{quote}"


def _mask_inner(inner: str) -> str:
    return mask_token(inner) if _IDENTIFIER.match(inner) else mask(inner)


def _reads_like_a_sentence(inner: str) -> bool:
    """Four words or more, most of them made of letters: somebody's message, not a value."""
    words = inner.split(" ")
    if _LABELLED.match(inner):
        return True
    plain = sum(word.strip(".,:;!?'\"()").isalpha() for word in words)
    return len(words) >= 4 and plain * 3 >= len(words) * 2
