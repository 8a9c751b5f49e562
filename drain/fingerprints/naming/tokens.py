"""The mask of one token: a table of named rules, first match wins.

A token is a bounded run without spaces, quotes or brackets. Rules see it whole; what no rule
claims keeps its letters and loses its digits.
"""

from __future__ import annotations

import re
from functools import lru_cache

PLACEHOLDERS = frozenset(
    {
        "any", "bool", "date", "duration", "email", "hex", "host", "id", "n", "path",
        "size", "str", "url", "uuid",
    }
)  # fmt: skip

# Tokens longer than this are nobody's word: an encoded blob.
TOKEN_CHARS = 400

_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_UUID_TOKEN = re.compile(r"\{?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?\Z")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:/{2,3}\S*\Z")
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\Z")
# 1.6.7.2 is a version: addresses that begin below 10 are hardly anybody's, and a port tells one anyway.
_IPV4 = re.compile(
    r"/?(?:(?:0|1\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}(?:[:/]\d{1,5})?|\d{1,3}(?:\.\d{1,3}){3}[:/]\d{1,5})\Z"
)
_IPV6 = re.compile(
    r"\[?(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)(?=[^g-z]*[0-9])[0-9A-Fa-f:.]{2,45}\]?(?:%\w+)?\Z"
)
_HEX0X = re.compile(r"[+-]?0[xX][0-9A-Fa-f]{1,64}\Z")
_HEX = re.compile(r"(?:[0-9a-f]{8,}|[0-9A-F]{8,})\Z")
_SHORT_HEX = re.compile(r"(?=[0-9a-f]{0,7}[0-9])(?=[0-9a-f]{0,7}[a-f])[0-9a-f]{4,7}\Z")
_NUMBER = re.compile(r"[+-]?\d[\d_,]*(?:\.\d+)*(?:[eE][+-]?\d+)?\Z")
_DURATION = re.compile(
    r"[+-]?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|sec|secs|seconds|m|min|mins|h|hr|hrs|d)){1,6}\Z"
)
_SIZE = re.compile(
    r"[+-]?\d+(?:\.\d+)?(?:[KMGTPkmgt]i?)?[Bb](?:/s|ps|it|ytes)?\Z|\d+(?:\.\d+)?[KMGTkmg]i?\Z"
)
_CLOCK = re.compile(r"\d{1,2}:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:[AaPp][Mm])?Z?\Z")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[\w-]{0,61}[A-Za-z0-9])?\.){1,8}"
    r"(?:com|org|net|edu|gov|dev|io|app|ai|cloud|info|biz|uk|de|fr|eu|cn|jp|ru|cz|pl|nl|br|au|ca|ch|es|kr|local|localdomain|internal|invalid|lan|corp|svc)(?::\d{1,5})?\Z"
)
# Three labels or more in small letters, one of them numbered or hyphened: no module's name looks so.
_LABELS = re.compile(
    r"(?=[\w.-]{0,200}[\d-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){2,8}(?!(?:py|js|ts|tsx|jsx|mjs|json|ya?ml|txt|log|toml|cfg|ini|so|jar|war|md|sh|ps|sql|xml|html|css|csv|lock|tmp|gz|tgz|zip|whl|deb|rpm|exe|dll|c|h|cc|cpp|rs|go|rb|pl|pm|php|ex|exs|kt|cs|out|in|bak|test|spec|min|map)\b)[a-z]{2,12}(?::\d{1,5})?\Z"
)
# Where a cloud keeps something: eu-west-1, us-central1-a
_REGION = re.compile(
    r"\b(?:us|eu|ap|ca|sa|af|me|cn|il|europe|asia|australia|northamerica|southamerica)-(?:gov-)?(?:north|south|east|west|central){1,2}-?\d{1,2}(?:-?[a-f])?\b"
)
# A replica set's hash and its pod's five letters (no vowels, few digits) and what is of it,
# or the five alone.
_POD = re.compile(
    r"(?P<name>[a-z][a-z0-9.-]{0,200}?)(?:-(?=[a-f]{0,9}\d)[a-z0-9]{6,12}-[bcdfghjklmnpqrstvwxz2456789]{5}(?P<of>(?:-[a-z]{2,20}){0,3})|-(?=[a-z]{0,4}\d)(?=\d{0,4}[a-z])[bcdfghjklmnpqrstvwxz2456789]{5})\Z"
)
_PREFIX = re.compile(r"[a-z]{2,12}[_-](?=\w{12})")
_RUNS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_ID_SHAPE = re.compile(r"(?=.{0,40}[A-Z])(?=.{0,40}[a-z])(?=(?:\D{0,40}\d){2})[\w-]{16,40}\Z")
_LOCALHOST = re.compile(r"localhost(?::\d{1,5})?\Z")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_LINE_SUFFIX = re.compile(r"(?::\d+){1,2}:?\Z|\(\d+(?:,\d+)?\)\Z")
_SWIFT_ID = re.compile(r"tx[0-9a-f]{21}-[0-9a-f]{10}(?:-[\w-]{1,60})?\Z")
# 9af: too short to be told from a name.
_TOO_SHORT = re.compile(r"\d[\da-f]{0,2}\Z")
_DIGITS = re.compile(r"(?<![A-Za-z0-9])[+-](?=\d)\d+|\d+")
_PARTS = re.compile(r"0[xX][0-9A-Fa-f]+|[A-Za-z0-9]+")
_CHANGES = re.compile(r"[A-Za-z]+|\d+")
_MEANING_CODE = re.compile(
    r"[A-Z]{2,12}(?:_[A-Z]{2,20}){1,6}_\d{3}\Z|(?:TS|E|W|F|C|CS|SIG|ORA-|ERR_|ERR|SQLSTATE|CVE-|MSB|NU|LNK|AADSTS|SC|PLR?)\d{2,6}\Z"
)
# Names that end in a digit: masked they would read badly and join nothing.
_NAMES_WITH_DIGITS = re.compile(
    r"(?:utf|cp|latin|iso|sha|md|base|ipv|python|py|int|uint|float|oauth|log4j|sqlite|psycopg|urllib|boto)[-_]?\d{1,4}\Z"
    r"|(?:x86|x64|win32|i18n|l10n|s3|ec2|k8s|http2|h264|amd64|arm64|p95|p99)\Z"
    # A language model's name and date are its identity.
    r"|(?:gpt|claude|gemini|llama|mistral|deepseek|qwen|text-embedding)-[\w.:-]{1,60}\Z",
    re.IGNORECASE,
)
# Files without a suffix that are known by name.
_NAMED_FILES = re.compile(
    r"[A-Z][A-Z_]+\Z|(?:Makefile|Dockerfile|Jenkinsfile|Gemfile|Procfile|Rakefile|Pipfile|Vagrantfile)\Z"
)
_PROTOCOLS = frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"})
_TAIL = ".,:;!?"


@lru_cache(maxsize=16384)
def mask_token(token: str) -> str:
    """The token, or what stands for it; punctuation at its end stays."""
    core = token.rstrip(_TAIL)
    if not core:
        return token
    return _mask_core(core) + token[len(core) :]


def _mask_core(core: str) -> str:
    if len(core) > TOKEN_CHARS:
        return "<any>"
    if core.isalpha():
        return "<hex>" if _HEX.match(core) else "<host>" if core == "localhost" else core
    if "/" in core or "\\" in core:
        return _mask_slashed(core)
    if "@" in core and _EMAIL.match(core):
        return "<email>"
    if not _DIGITS.search(core):
        return "<host>" if _HOST.match(core) or core == "localhost" else core
    return _mask_digits(core)


def _mask_slashed(core: str) -> str:
    if core in _PROTOCOLS:
        return core
    if _URL.match(core):
        return "<url>"
    if _IPV4.match(core):
        return "<host>"
    if "-" in core:
        core = _REGION.sub("<host>", core)
    return mask_path(core)


def mask_path(path: str) -> str:
    """``<path>/name`` when the last part names a file, else ``<path>``; words like ``TCP/IP`` stay."""
    bare = _LINE_SUFFIX.sub("", path.partition("?")[0])
    absolute = bare[:1] in "/\\~." or bool(_DRIVE.match(bare))
    base = bare.replace("\\", "/").rpartition("/")[2]
    # org/apache/util/Codec, App\Models\User, bitnami/redis: a name, as long as no file ends it.
    if not absolute and not _FILE.match(base):
        return _mask_parts(path)
    # ./totals: what a file asks for beside itself has no suffix.
    if absolute and not _names_a_file(base) and not (bare[:1] == "." and base[:1].isalpha()):
        return "<path>"
    return "<path>/" + _mask_parts(base)


_FILE = re.compile(r"[^:]{1,200}\.(?=\w{0,7}[A-Za-z])\w{1,8}\Z")


def _names_a_file(base: str) -> bool:
    stem, dot, suffix = base.rpartition(".")
    if dot:
        # A folder that is named for its version: /usr/lib/perl5/5.22.0
        if not any(char.isalpha() for char in base):
            return False
        return not (len(stem) >= 8 and _is_random(stem)) and len(suffix) <= 12
    return bool(_NAMED_FILES.match(base))


# Tried in this order on a token of letters and digits alone.
_WORD_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_HEX0X, "<hex>"),
    (_HEX, "<hex>"),
    (_SHORT_HEX, "<hex>"),
    (_DURATION, "<duration>"),
    (_SIZE, "<size>"),
)
# And on one with a digit and something else in it.
_MIXED_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_UUID_TOKEN, "<uuid>"),
    (_SWIFT_ID, "<id>"),
    (_CLOCK, "<date>"),
    (_IPV4, "<host>"),
    (_NUMBER, "<n>"),
    *_WORD_RULES,
    (_IPV6, "<host>"),
    (_HOST, "<host>"),
    (_LABELS, "<host>"),
    (_LOCALHOST, "<host>"),
)


def _mask_digits(core: str) -> str:
    if core.isdecimal():
        return "<n>"
    for pattern, placeholder in _WORD_RULES if core.isalnum() else _MIXED_RULES:
        if pattern.match(core):
            return placeholder
    named = _mask_named_id(core)
    if named:
        return named
    core = _REGION.sub("<host>", core) if "-" in core else core
    if len(core) <= 3 and _TOO_SHORT.match(core):
        return core
    if _MEANING_CODE.match(core) or _NAMES_WITH_DIGITS.match(core):
        return core
    return _mask_parts(_UUID.sub("<uuid>", core) if len(core) > 36 else core)


def _mask_named_id(core: str) -> str:
    """Return the mask of an id made by a provider, with the name it belongs to; empty for other tokens."""
    if len(core) >= 16 and _ID_SHAPE.match(core) and len(_RUNS.findall(core)) * 9 >= len(core) * 4:
        # req_011CVmxM2qe9gT4kQwN7dUxK: what it is the identity of stays.
        prefix = _PREFIX.match(core)
        return (prefix.group() if prefix else "") + "<id>"
    pod = _POD.match(core) if "-" in core else None
    return _mask_parts(pod["name"]) + "-<id>" + (pod["of"] or "") if pod else ""


def _mask_parts(text: str) -> str:
    """Part by part: ``run-f65e7b6c`` is ``run-<hex>``, ``summary_2022`` is ``summary_<n>``."""
    return _PARTS.sub(_mask_part, text)


def _mask_part(found: re.Match[str]) -> str:
    part = found.group()
    if part.isalpha():
        return "<hex>" if len(part) >= 8 and _HEX.match(part) else part
    if part.isdecimal():
        return "<n>"
    if part[:2] in ("0x", "0X") or _HEX.match(part) or _SHORT_HEX.match(part):
        return "<hex>"
    if len(part) >= 8 and _is_random(part):
        return "<id>"
    return part if _NAMES_WITH_DIGITS.match(part) else _DIGITS.sub("<n>", part)


def _is_random(part: str) -> bool:
    """Letters and digits in turns, more often than a name would have them."""
    changes = len(_CHANGES.findall(part))
    return changes >= 5 or (
        changes >= 3 and not part.islower() and not part.isupper() and changes * 5 > len(part)
    )
