"""The fingerprint that an executor reports itself: ``{"event": "failure", "fingerprint": [...]}``."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from drain.fingerprints.model import Fingerprint
from drain.fingerprints.naming.compose import digest, safe
from drain.fingerprints.naming.titles import with_suffix

MOST_PARTS = 8
PART_CHARS = 200
# Stands for the fingerprint that this package would have made.
DEFAULT = "{{ default }}"


class ReportedError(ValueError):
    """Raised for a report that is no fingerprint; the message is one sentence that gives the reason."""


def read_parts(parts: object) -> tuple[str, ...]:
    """The parts as they are stored and hashed: NFC, without lone surrogates. Raises ReportedError."""
    if isinstance(parts, str) or not isinstance(parts, Sequence) or not parts:
        raise ReportedError("A reported fingerprint is a list of 1 to 8 strings.")
    if len(parts) > MOST_PARTS:
        raise ReportedError(
            f"A reported fingerprint has at most {MOST_PARTS} strings, this one has {len(parts)}."
        )
    return tuple(_read(part) for part in parts)


def reported_key(executor: str, parts: object, ours: str) -> str:
    """The key of what ``executor`` reports: at most 8 strings of 200 characters,
    ``{{ default }}`` for ``ours``.

    The executor's name is part of it, so that two executors never share a key by chance. Raises
    ReportedError when the parts are no such list.
    """
    found = read_parts(parts)
    if found == (DEFAULT,):
        return ours
    read = [ours if part == DEFAULT else part for part in found]
    return digest(json.dumps(["reported", executor, *read], ensure_ascii=False))


def as_reported(made: Fingerprint, executor: str, parts: Sequence[str]) -> Fingerprint:
    """A fingerprint with the identity that its executor reported, at every level; ours where it says so."""
    key = reported_key(executor, parts, made.key)
    if key == made.key:
        return made
    name = safe(" / ".join(part for part in parts if part != DEFAULT))
    title = with_suffix(made.title, f"[{name}]")
    # What the executor calls a cause is known in full:
    # it may be no other one that only words like it suggest.
    return replace(
        made, key=key, coarse=key, fine=key, headline=key, place_known=True, place="", title=title
    )


def _read(part: object) -> str:
    if not isinstance(part, str):
        raise ReportedError(f"A reported fingerprint has strings only, not {type(part).__name__}.")
    if len(part) > PART_CHARS:
        raise ReportedError(
            f"A string of a reported fingerprint has at most {PART_CHARS} characters, this one has {len(part)}."
        )
    normal = unicodedata.normalize("NFC", part.encode("utf-8", "replace").decode("utf-8"))
    return DEFAULT if normal.strip() == DEFAULT else normal
