"""From what a reader found to the fingerprint: masks, hashes, the title."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

from drain.fingerprints.categories import PLACELESS, categorise
from drain.fingerprints.masks import mask
from drain.fingerprints.model import VERSION, Category, Failure, Fingerprint
from drain.fingerprints.skeleton import skeleton
from drain.fingerprints.template import CAUSE, PLACE

TITLE_CHARS = 200
TEMPLATE_CHARS = 4_000

# Line feeds part the template's lines; every other control character, and those that turn the
# direction of the text around, would let a phase's output write over the page's own words.
_UNSAFE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


# Types that say no more than that something failed.
_NO_TYPES = frozenset({"Error", "error", "Exception"})


def compose(failure: Failure) -> Fingerprint:
    """The fingerprint of a failure; equal parts after masking give the same object."""
    return _fingerprint(
        failure.type,
        mask(failure.message),
        failure.function,
        failure.cause_type,
        mask(failure.cause_message) if failure.cause_message else "",
        failure.hint,
    )


def safe(text: str) -> str:
    """Without control characters, direction marks and lone surrogates."""
    return (
        text
        if text.isascii() and text.isprintable()
        else _UNSAFE.sub("\ufffd", text).replace("\n", " ")
    )


@lru_cache(maxsize=4096)
def _fingerprint(
    kind: str, message: str, function: str, cause_kind: str, cause_message: str, hint: str
) -> Fingerprint:
    kind, message, function = safe(kind), safe(message), safe(function)
    if message and kind in _NO_TYPES:
        kind = ""
    head = _headline(kind, message)
    cause = safe(_headline(cause_kind, cause_message))
    category = Category(hint) if hint else categorise(kind, message, cause)
    placed = function and (not message or category not in PLACELESS)
    lines = [head]
    if placed:
        lines.append(PLACE + function)
    if cause and cause != head:
        lines.append(CAUSE + cause)
    template = "\n".join(lines)[:TEMPLATE_CHARS]
    return Fingerprint(
        key=digest(template),
        coarse=digest(kind or skeleton(message)),
        fine=digest(f"{template}\n{function}"),
        title=head[:TITLE_CHARS] or "no output",
        template=template,
        category=category.value,
        version=VERSION,
    )


def _headline(kind: str, message: str) -> str:
    return f"{kind}: {message}" if kind and message else kind or message


def digest(text: str) -> str:
    """32 hex characters of blake2b-128; the same on every machine and Python."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
