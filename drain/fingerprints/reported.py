"""The fingerprint that an executor reports itself: ``{"event": "failure", "fingerprint": [...]}``."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

from drain.fingerprints.naming.compose import digest

MOST_PARTS = 8
PART_CHARS = 200
# Stands for the fingerprint that this package would have made.
DEFAULT = "{{ default }}"


class ReportedError(ValueError):
    """What was reported is no fingerprint; the message is one sentence that says why."""


def reported_key(executor: str, parts: object, ours: str) -> str:
    """The key of what ``executor`` reports: at most 8 strings of 200 characters, ``{{ default }}`` for ``ours``.

    The executor's name is part of it, so that two executors never share a key by chance. Raises
    ReportedError when the parts are no such list.
    """
    if isinstance(parts, str) or not isinstance(parts, Sequence) or not parts:
        raise ReportedError("A reported fingerprint is a list of 1 to 8 strings.")
    if len(parts) > MOST_PARTS:
        raise ReportedError(
            f"A reported fingerprint has at most {MOST_PARTS} strings, this one has {len(parts)}."
        )
    read = [_read(part, ours) for part in parts]
    if read == [ours] and parts[0] == DEFAULT:
        return ours
    return digest(json.dumps(["reported", executor, *read], ensure_ascii=False))


def _read(part: object, ours: str) -> str:
    if not isinstance(part, str):
        raise ReportedError(f"A reported fingerprint has strings only, not {type(part).__name__}.")
    if len(part) > PART_CHARS:
        raise ReportedError(
            f"A string of a reported fingerprint has at most {PART_CHARS} characters, this one has {len(part)}."
        )
    normal = unicodedata.normalize("NFC", part.encode("utf-8", "replace").decode("utf-8"))
    return ours if normal.strip() == DEFAULT else normal
