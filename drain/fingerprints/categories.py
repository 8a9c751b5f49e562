"""Which kind of trouble a failure is, told from its words by an ordered table."""

from __future__ import annotations

import re
from functools import lru_cache

from drain.fingerprints.model import Category


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# First match wins, so what names its cause exactly stands before what merely mentions a word.
_RULES: tuple[tuple[Category, re.Pattern[str]], ...] = (
    (
        Category.TOKEN_ESCALATION,
        _words(r"TOKEN_ESCALATION|output (?:was )?truncated at .{0,40}token"),
    ),
    (Category.QUALITY_GATE, _words(r"(?-i:QUALITY_GATE)|quality gate")),
    (
        Category.DELIVERABLE,
        _words(
            r"(?-i:DELIVERABLES?_)|missing deliverable|deliverables? (?:not found|missing|validation)"
        ),
    ),
    (
        Category.NO_OP,
        _words(
            r"(?-i:NO_OP|NO_CHANGES)|no-?op\b|no changes (?:were )?(?:made|produced|detected)|nothing to commit"
        ),
    ),
    (Category.MANIFEST, _words(r"(?-i:MANIFEST)|scope validation|outside scope")),
    (
        Category.PATCH,
        _words(
            r"(?-i:PATCH_)|patch does not apply|patch failed|hunk #|merge conflict|CONFLICT \(|could not apply"
        ),
    ),
    (
        Category.COLLECTION,
        _words(r"error collecting|collection(?:/import)? error|errors? during collection"),
    ),
    (
        Category.IMPORT,
        _words(
            r"ModuleNotFoundError|ImportError|No module named|cannot import name|Cannot find (?:module|package)|MODULE_NOT_FOUND"
            r"|ClassNotFoundException|NoClassDefFoundError|cannot load such file|unresolved import|LoadError"
        ),
    ),
    (
        Category.RATE_LIMIT,
        _words(
            r"rate.?limit|too many requests|\b429\b|throttl|quota|insufficient_quota|overloaded_error"
        ),
    ),
    (
        Category.OUT_OF_MEMORY,
        _words(
            r"MemoryError|OutOfMemory|out of memory|heap (?:out of memory|limit)|cannot allocate memory|ENOMEM|oom.?kill|bad_alloc|java heap space"
        ),
    ),
    (
        Category.DATABASE,
        _words(
            r"IntegrityError|OperationalError: .*\b(?:table|column|database)|UniqueViolation|Deadlock|constraint|(?:role|database|relation|column|schema) .{0,80} does not exist|WRONGTYPE|redis"
            r"|no such (?:table|column)|ProgrammingError|sqlalchemy|psycopg|PG::|too many clients|connection slots|sqlite|duplicate key|SQLSTATE"
        ),
    ),
    (
        Category.AUTH,
        _words(
            r"AuthenticationError|Unauthorized|\b401\b|\b403\b|Forbidden|authentication failed|invalid (?:api|x-api)[ -]?key|access denied"
            r"|AccessDenied|permission denied \(publickey|could not read (?:Username|Password)|credentials|could not read from remote repository|host key verification|PermissionDenied"
        ),
    ),
    (
        Category.NETWORK,
        _words(
            r"Connection(?:Refused|Reset|Aborted)?Error|connection (?:refused|reset|aborted|closed|error)|ConnectError|\bECONN|\bENOTFOUND|EADDRINUSE|address already in use|EHOSTUNREACH"
            r"|EAI_AGAIN|getaddrinfo|gaierror|name or service not known|name resolution|could not resolve|failed to connect|couldn't connect"
            r"|unreachable|no route to host|RemoteProtocolError|Broken ?pipe|SSLError|certificate|socket hang up|URLError|could not connect"
            r"|NewConnectionError|UnknownHost|connection to server|\b50[234]\b (?:bad|service|gateway)"
        ),
    ),
    (Category.TIMEOUT, _words(r"time[d]?[- ]?out|TimeoutExpired|deadline exceeded|ETIMEDOUT")),
    (
        Category.DISK,
        _words(
            r"no space left|ENOSPC|disk (?:full|quota)|no such file|ENOENT|FileNotFound|NoSuchFile|IsADirectory|NotADirectory|read-only file"
            r"|EACCES|EPERM|permission denied|PermissionError|file exists|not in gzip format"
        ),
    ),
    (
        Category.SYNTAX,
        _words(
            r"Syntax ?Error|IndentationError|TabError|unexpected (?:token|end of file|EOF)|parse error|invalid syntax"
        ),
    ),
    (
        Category.DEPENDENCY,
        _words(
            r"No matching distribution|ResolutionImpossible|ERESOLVE|peer dep|npm (?:ERR|error)|could not find a version|dependency|E404|package .{0,80} not found"
            r"|could not find a package|unable to locate package|version solving"
        ),
    ),
    (
        Category.ASSERTION,
        _words(
            r"^[●✕✗×] |^--- FAIL:|^not ok |Assert|\bassert\b|DID NOT RAISE|ERR_ASSERTION|expected .{0,80} (?:got|but)|fixture .{0,80} not found"
        ),
    ),
    (
        Category.TYPE,
        _words(
            r"TypeError|AttributeError|mismatched types|NullPointer|nil pointer|undefined (?:is not|\()|Cannot read propert|ClassCast|KeyError|IndexError|ValueError|out of (?:range|bounds)|key not found|ValidationError|type mismatch"
        ),
    ),
    (
        Category.BUILD,
        _words(
            r"make: |make\[|CMake|error\[|error TS|: error:|linker|undefined reference|cannot find symbol|BUILD FAILED|compil|E0\d{3}|ninja|cargo|gradle|rustc"
        ),
    ),
    (
        Category.KILLED,
        _words(
            r"SIGKILL|SIGTERM|exit (?:code |status )?1(?:37|43)\b|WorkerLost|signal \d|\bkilled\b|SIGSEGV|segmentation fault|died with"
        ),
    ),
)


@lru_cache(maxsize=4096)
def categorise(kind: str, message: str, cause: str = "") -> Category:
    """The first category whose words stand in the failure; ``other`` when none do."""
    words = f"{kind}: {message[:600]}" if kind else message[:600]
    for text in (words, cause[:300]):
        for category, pattern in _RULES:
            if text and pattern.search(text):
                return category
    return Category.OTHER if (kind or message) else Category.UNKNOWN


# Their message names the cause wherever it was met, so the function is no part of the key: one
# missing module fails in a hundred places.
PLACELESS = frozenset(
    {
        Category.IMPORT, Category.COLLECTION, Category.NETWORK, Category.RATE_LIMIT, Category.AUTH,
        Category.DATABASE, Category.DEPENDENCY, Category.TOKEN_ESCALATION, Category.QUALITY_GATE,
        Category.DELIVERABLE, Category.PATCH, Category.NO_OP, Category.MANIFEST, Category.KILLED,
    }
)  # fmt: skip
