"""Part of a cause as a cause of its own: by what a person says tells it from the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum

from drain.fingerprints.model import Failure, Fingerprint
from drain.fingerprints.naming.compose import digest, safe
from drain.fingerprints.naming.titles import with_suffix
from drain.fingerprints.readers.clean import to_text
from drain.fingerprints.readers.read import read
from drain.fingerprints.readers.region import error_region

VALUE_CHARS = 200


class SplitBy(StrEnum):
    """The trait of a failure that tells the part from the rest."""

    TYPE = "type"
    MESSAGE = "message"
    PLACE = "place"
    TEST = "test"


def read_failure(text: str) -> Failure:
    """Read the failure of a text as for its fingerprint, before anything is masked."""
    return read(error_region(to_text(text)))


def is_part(failure: Failure, by: SplitBy, value: str) -> bool:
    """Return whether a failure belongs to the part:
    the message holds the value; type, place or test is it or ends in it.
    """
    match by:
        case SplitBy.MESSAGE:
            return value in failure.message
        case SplitBy.TYPE:
            told = failure.type
        case SplitBy.PLACE:
            told = "" if failure.test else failure.function
        case SplitBy.TEST:
            told = failure.function if failure.test else ""
    return told == value or told.endswith((f".{value}", f":{value}", f"/{value}", f" {value}"))


def part_key(whole: str, by: SplitBy, value: str) -> str:
    """The key of the part; the same split of the same cause gives the same one."""
    return digest(json.dumps(["split", whole, by.value, value], ensure_ascii=False))


def as_part(made: Fingerprint, key: str, by: SplitBy, value: str) -> Fingerprint:
    """The fingerprint of a failure of the whole, as one of the part; the coarse key still spans both."""
    return replace(
        made, key=key, fine=digest(f"{key}\n{made.fine}"), headline=key, place_known=True, place="",
        title=with_suffix(made.title, f"[{by.value} {safe(value)}]"),
    )  # fmt: skip
