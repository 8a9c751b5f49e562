"""One pass over a message that replaces what changes between occurrences by placeholders.

A template's placeholders are the words of ``PLACEHOLDERS`` in angle brackets. Any other ``<`` is
the text's own, so that a page boxes exactly these and escapes the rest. A text that holds such a
word literally means the same as if the value had been masked, which makes masking idempotent.
"""

from __future__ import annotations

import re
from functools import lru_cache

from drain.fingerprints.naming.spans import join_paths, mask_spans
from drain.fingerprints.naming.tokens import PLACEHOLDERS, TOKEN_CHARS, mask_token
from drain.fingerprints.prefilter import Prefiltered

# Longer messages are cut: what names an error stands in its first lines.
MESSAGE_CHARS = 2_000

# Every alternative begins with another character and none can give back what it took, so the scan
# is linear. Words without digits are taken in one go: most of a message is nothing else. A quote
# opens only where no word ends (``can't`` is no quotation).
_SCAN = re.compile(
    r"(?<![=\w])(?:(?:(?![a-f]{8}|[A-F]{8}|localhost\b)[A-Za-z]{1,40}[.:!?*-]{0,3}|[.:!?*-]{1,3}) )+"
    r"|<(?:" + "|".join(sorted(PLACEHOLDERS)) + r")>(?:[/\\][\w.+-]*)?"
    r"|[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>()`]+"
    r"|(?<![\w>])'[^'\n]{0,300}'(?!\w)"
    r'|"[^"\n]{0,300}"'
    r"|(?<![\w.,(\[])\d{1,3}(?:(?:[.'\u2019\u00a0\u202f]\d{3})+,\d{1,9}|(?:,\d{2,3})+(?:\.\d{1,9})?|(?:[ \u00a0\u202f']\d{3})+(?:,\d{1,9})?|,\d{1,2})(?![\w,]|\.\d)"
    r"|[^\s\"'`,;()\[\]{}<>|=]+"
)
# Without one of these there is nothing to mask.
_WORTH_A_LOOK = re.compile(r"[\d/\\\"'@=]|\.\w")
_HEX_WORD = re.compile(r"[0-9a-f]{8}")
# A number after one of these words says what went wrong: it stays.
_MEANING = frozenset(
    {
        "code", "curl", "errno", "error", "exit", "exit_code", "exitcode", "http", "http/1.0", "http/1.1", "http/2",
        "rc", "ret", "retval", "returncode", "returned", "signal", "sqlstate", "status", "status_code", "winerror",
    }
)  # fmt: skip
# statusCode, exit-code, last_errno: the same in one word.
_MEANING_ENDS = (
    "statuscode",
    "exitcode",
    "errorcode",
    "returncode",
    "_code",
    "-code",
    "_status",
    "-status",
    "errno",
    "_rc",
)
_LOCAL_NUMBER = re.compile(
    r"\d{1,3}(?:[,'\u2019\u00a0\u202f ]|(?:\.\d{3})+,)[\d.,'\u2019\u00a0\u202f ]*\d\Z"
)
# returned -11: a status; returned 4114: bytes.
_RETURNED = re.compile(r"-?\d{1,3}[.,]?\Z")
_CODE = re.compile(r"-?\d{1,5}[.:,]?\Z")
# What stands after one of these is the cause itself, digits and all; some need a word before them.
_NAMES_THE_CAUSE = {
    "model": "", "enotfound": "", "eai_again": "", "lookup": "", "host": "resolve", "hostname": "resolve", "name": "translate host",
}  # fmt: skip
_GLUE = " :=\"'`([{#"
_ONE_TOKEN = re.compile(r"[^\s\"'`,;()\[\]{}<>|=]+\Z")
_LABELLED = re.compile(r"[A-Za-z]{2,20}: ")
_NAMED_ERROR = re.compile(
    r"\bE[A-Z]{4,20}\b|\b(?:[Ee]rror|failed|expected|cannot|missing|invalid|not)\b"
)
# What stands after these keys is a sentence, not a value.
_SAYS = re.compile(
    r"\b(?:message|msg|reason|error|err|desc|description|details?|cause)=$", re.IGNORECASE
)
_DIGIT = re.compile(r"\d")
_PASSES = 6
_TOUCHING = re.compile(
    r"[/\\:@.%]<|(?:\blocalhost|[Tt]rue|[Ff]alse|[.\\/][\w-]{1,60})<|@[\w.-]{1,64}<|(?<!<path)>[/\\:@.%~\w]"
)
# Where no letter or sign stands beside a placeholder nothing touches it.
_BESIDE = re.compile(r"<(?<=[\w/\\:@.%-]<)|>[\w/\\:@.%~]")
# How far back a token looks for the words that give it a meaning.
_BEFORE = 32


# What was given to a parser is a value, whatever it looks like.
_PARSES = Prefiltered(
    r"\b(?:invalid literal|could not convert|cannot convert|unable to convert|failed to parse|cannot parse|could not parse|unable to parse|[Ff]or input string|input syntax|does not match format|\w{0,20}[Pp]arsing|[Ii]nvalid (?:date|number|integer|float|time|timestamp|duration|uuid|boolean|email|decimal|digit)\w*|not a (?:valid )?(?:number|integer|date|boolean|decimal|float|uuid))\b"
)
_FILE_NAME = re.compile(r"\.[A-Za-z]\w{0,4}.$|^.[/~\\]|[/\\]\w[^/\\]{0,80}\.\w")
# Digits and quotation marks of other scripts.
_WIDE = {0xFF10 + digit: str(digit) for digit in range(10)} | {
    ord("\u2018"): "'", ord("\u2019"): "'", ord("\u201c"): '"', ord("\u201d"): '"', ord("\u00ab"): '"', ord("\u00bb"): '"', ord("\u201e"): '"',
}  # fmt: skip


@lru_cache(maxsize=4096)
def mask(message: str) -> str:
    """The message with every changing part replaced; ``mask(mask(m)) == mask(m)``."""
    message = " ".join(message[: 2 * MESSAGE_CHARS].split())[:MESSAGE_CHARS].rstrip()
    if not message.isascii():
        message = message.translate(_WIDE)
    if (
        not _WORTH_A_LOOK.search(message)
        and not _HEX_WORD.search(message)
        and len(message) < TOKEN_CHARS
    ):
        return message
    masked = _mask_once(message)
    # A placeholder beside a separator can make one token of what was two: read it again until
    # nothing changes. Few messages need a second pass, and none may ask for more than a handful.
    passes = _PASSES
    while passes and (
        len(masked) >= MESSAGE_CHARS or (_BESIDE.search(masked) and _TOUCHING.search(masked))
    ):
        before, masked = masked, _mask_once(masked)
        passes = 0 if before == masked else passes - 1
    return masked


def _mask_once(message: str) -> str:
    return join_paths(_SCAN.sub(_replace, mask_spans(message)))[:MESSAGE_CHARS]


def _replace(found: re.Match[str]) -> str:
    """Return the mask of one token of the scan, or the token itself."""
    token = found.group()
    last = token[-1]
    if last == " ":
        return token
    first = token[0]
    if first == "'" or first == '"':
        return _mask_quotation(found)
    if first == "<":
        return token
    if token in _TRUTHS:
        return _mask_truth(token, _before(found))
    if token.isdigit() and token.isascii():
        masked = "<n>"
    elif first.isdecimal() and _LOCAL_NUMBER.match(token):
        return "<n>"
    else:
        masked = mask_token(token)
    # Only what would change can be saved by the words before it.
    if masked != token and _stays(token, _before(found)):
        return token
    return masked


def _mask_quotation(found: re.Match[str]) -> str:
    """A quotation as a key of an object, as what a parser was given, or as any other."""
    token = found.group()
    if found.string.startswith(":", found.end()):
        return token[0] + mask(token[1:-1]) + token[0]
    if _parses(found.string) and not _FILE_NAME.search(token):
        return f"{token[0]}<str>{token[0]}"
    return _mask_quoted(token, _before(found))


@lru_cache(maxsize=64)
def _parses(message: str) -> bool:
    """Return whether a message is a parser's; asked for each of its quotations."""
    return bool(_PARSES.search(message))


def _before(found: re.Match[str]) -> str:
    start = found.start()
    return found.string[start - _BEFORE if start > _BEFORE else 0 : start]


def _stays(token: str, before: str) -> bool:
    """Return whether the token is part of the failure and is not masked (``exit code 137``, ``HTTP 502``)."""
    word = _last_word(before)
    if word == "returned":
        return bool(_RETURNED.match(token))
    if word in _MEANING or word.endswith(_MEANING_ENDS):
        return bool(_CODE.match(token))
    return word in _NAMES_THE_CAUSE and _NAMES_THE_CAUSE[word] in before.lower()


def _last_word(before: str) -> str:
    """The word that a value belongs to, without the signs between them, in small letters."""
    bare = before.rstrip(_GLUE)
    return bare[bare.rfind(" ") + 1 :].lstrip(_GLUE).lower()


_TRUTHS = frozenset({"True", "False", "true", "false"})


def _mask_truth(word: str, before: str) -> str:
    """The truth values of ``key=True`` and ``"key": true``; the words alone stay."""
    if word[0] in "TF":
        return "<bool>" if before.endswith("=") else word
    return "<bool>" if before.endswith('": ') else word


def _mask_quoted(quoted: str, before: str) -> str:
    """Names stay, values go; sentences are read like any other text."""
    quote, inner = quoted[0], quoted[1:-1]
    if not inner or (inner.isalpha() and len(inner) < 8 and not before.endswith("=")):
        return quoted
    if before.endswith("="):
        return quote + mask(inner) + quote if _SAYS.search(before) else "<str>"
    word = _last_word(before)
    if word.endswith("id") and _is_id_key(word, before) and _DIGIT.search(inner):
        return f"{quote}<id>{quote}"
    if word in _NAMES_THE_CAUSE and _NAMES_THE_CAUSE[word] in before.lower():
        return quoted
    if " " not in inner:
        return quote + _mask_inner(inner) + quote
    if _reads_like_a_sentence(inner):
        return quote + mask(inner) + quote
    return f"{quote}<str>{quote}"


def _is_id_key(word: str, before: str) -> bool:
    """``"dog_id": `` and ``id=``, but no word that merely ends like it."""
    return (word == "id" or word[-3] in "_-") and before.rstrip(" ").endswith((":", "="))


def _mask_inner(inner: str) -> str:
    return mask_token(inner) if _ONE_TOKEN.match(inner) else mask(inner)


def _reads_like_a_sentence(inner: str) -> bool:
    """Four words or more, most of them made of letters: somebody's message, not a value."""
    if _LABELLED.match(inner) or _NAMED_ERROR.search(inner):
        return True
    words = inner.split()
    if len(words) < 4:
        return False
    plain = sum([word.strip(".,:;!?'\"()").isalpha() for word in words])
    return plain * 3 >= len(words) * 2
