"""The words of a fingerprint: what comes out of it, and which categories there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

# Raise it whenever a change gives a key to a text that had another one; stored fingerprints carry
# the version they were made by, so that a backfill knows what to make again.
VERSION = 4


class Category(StrEnum):
    """A kind of trouble; the drain order and the filters of the pages use it."""

    # Nothing is known: no text, or text without a word to go by.
    UNKNOWN = "unknown"
    # A module, package member or plugin of the code itself is missing.
    IMPORT = "import"
    # Tests could not even be collected.
    COLLECTION = "collection"
    # The phase ended without the files it had promised.
    DELIVERABLE = "deliverable"
    # A change could not be applied: patch, merge or rebase.
    PATCH = "patch"
    # The phase ended without having changed anything.
    NO_OP = "no_op"
    # The plan or manifest of the phase was refused.
    MANIFEST = "manifest"
    # A language model's answer was cut by its token budget; worth a retry with a larger one.
    TOKEN_ESCALATION = "token_escalation"  # noqa: S105 - a category, no password
    # A rule about quality, not the code itself, stopped the phase.
    QUALITY_GATE = "quality_gate"
    # It took longer than it was allowed to.
    TIMEOUT = "timeout"
    # A test or an invariant did not hold.
    ASSERTION = "assertion"
    # A host, port or name could not be reached or resolved.
    NETWORK = "network"
    # Refused for who asks: credentials, permissions of an account, 401 and 403.
    AUTH = "auth"
    # Refused for how often it was asked: quotas, 429.
    RATE_LIMIT = "rate_limit"
    # Memory ran out, or the kernel killed for it.
    OUT_OF_MEMORY = "out_of_memory"
    # Files: no space, no such file, no permission on a path.
    DISK = "disk"
    # The source does not parse.
    SYNTAX = "syntax"
    # A value of the wrong type or shape met the code.
    TYPE = "type"
    # A database refused a statement or a connection.
    DATABASE = "database"
    # A compiler, linker or build tool stopped.
    BUILD = "build"
    # Packages could not be found, resolved or installed.
    DEPENDENCY = "dependency"
    # The process was ended from outside by a signal.
    KILLED = "killed"
    # Recognised as an error, of none of the kinds above.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of one failure at three levels, and how to show it.

    ``key``, ``coarse`` and ``fine`` are 32 lower-case hex characters (blake2b-128).
    """

    # Group of like failures: type, normalised message, root cause, and the function where the
    # message alone does not name the cause.
    key: str
    # Wider: the exception type, or the skeleton of a plain log line.
    coarse: str
    # Narrower: the key's parts plus the function and the deepest link of the chain.
    fine: str
    # One line of at most 120 characters without control characters and without values.
    title: str
    # What was hashed for the key, placeholders in angle brackets; at most 4,000 characters.
    template: str
    # A value of ``Category``.
    category: str
    # ``VERSION`` at the time it was made.
    version: int
    # Hash of type and masked message alone, without place and cause: 32 hex characters like the key.
    headline: str
    # Whether the text told in which function or test it failed; a text cut before its frames does not.
    place_known: bool
    # The function or test itself, ``file.function``; empty when unknown.
    place: str


class Failure(NamedTuple):
    """A failure as a reader found it in a text, before anything is masked."""

    # Exception type or the tool's own code (``E0308``); empty for a plain line.
    type: str
    # The message as printed, first paragraph.
    message: str
    # Innermost function of the user's own code, ``file.function``; empty when unknown.
    function: str = ""
    # Type and message of the root of the chain; empty without one.
    cause_type: str = ""
    cause_message: str = ""
    # Says more than the words do, e.g. ``collection``; empty lets the words decide.
    hint: str = ""
    # Root of a chain that only libraries saw: it tells the kind of trouble and is no part of a key.
    beneath: str = ""
    # Whether ``function`` is the name of a failing test.
    test: bool = False
