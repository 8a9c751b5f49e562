"""From what a reader found to the fingerprint: masks, hashes, the title."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from drain.fingerprints.categories import categorise
from drain.fingerprints.model import VERSION, Category, Failure, Fingerprint
from drain.fingerprints.naming.masks import mask
from drain.fingerprints.naming.skeleton import skeleton
from drain.fingerprints.naming.template import CAUSE, PLACE
from drain.fingerprints.naming.titles import title_of
from drain.fingerprints.readers.read import read

TEMPLATE_CHARS = 4_000

# Line feeds part the template's lines; every other control character, and those that turn the
# direction of the text around, would let a phase's output write over the page's own words.
_UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)

# Types that say no more than that something failed.
_NO_TYPES = frozenset({"Error", "error", "Exception"})


# A text that tells of nothing real may need a few rounds until its template reads like itself.
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class _Parts:
    """A failure after masking: what the three levels and the title are made of."""

    kind: str
    message: str
    function: str
    cause: str
    category: Category
    test: bool
    template: str

    @property
    def wide(self) -> str:
        """What the coarse key is made of."""
        return self.kind or skeleton(self.message)


def compose(failure: Failure) -> Fingerprint:
    """The fingerprint of a failure; equal parts after masking give the same object."""
    return _fingerprint(
        failure.type,
        mask(failure.message),
        failure.function,
        failure.cause_type,
        mask(failure.cause_message) if failure.cause_message else "",
        failure.hint,
        failure.test,
        mask(failure.beneath) if failure.beneath else "",
    )


@lru_cache(maxsize=4096)
def _fingerprint(
    kind: str,
    message: str,
    function: str,
    cause_kind: str,
    cause_message: str,
    hint: str,
    test: bool,
    beneath: str,
) -> Fingerprint:
    cause = _headline(cause_kind, cause_message)
    parts = _settle(_parts(kind, message, function, cause, hint, test=test, beneath=beneath))
    return Fingerprint(
        key=digest(parts.template),
        coarse=digest(parts.wide),
        fine=digest(f"{parts.template}\n{parts.function}"),
        title=title_of(parts.kind, parts.message, parts.function, test=parts.test),
        template=parts.template,
        category=parts.category.value,
        version=VERSION,
        headline=digest(_headline(parts.kind, parts.message)),
        place_known=bool(parts.function),
        place=parts.function,
    )


def _parts(
    kind: str,
    message: str,
    function: str,
    cause: str,
    hint: str,
    *,
    test: bool = False,
    beneath: str = "",
) -> _Parts:
    """The parts made safe to show, and the template they give."""
    kind, message, cause = safe(kind), safe(message), safe(cause)
    # A space would end the place when the template is read back.
    function = "_".join(safe(function).split())
    if message and kind in _NO_TYPES:
        kind = ""
    verdict = categorise(kind, message, cause, hint, test=test, beneath=beneath)
    lines = [_headline(kind, message)]
    if function and (not message or not verdict.everywhere):
        lines.append(PLACE + function)
    if cause and cause != lines[0]:
        lines.append(CAUSE + cause)
    template = "\n".join(lines)[:TEMPLATE_CHARS].strip()
    return _Parts(kind, message, function, cause, verdict.category, test, template)


def _settle(parts: _Parts) -> _Parts:
    """The parts whose template, read again, gives itself; for a real failure these very parts."""
    rounds = _ROUNDS
    while rounds:
        found = read(parts.template)
        cause = _headline(found.cause_type, mask(found.cause_message))
        again = _parts(
            found.type, mask(found.message), found.function, cause, found.hint, test=parts.test
        )
        same = (again.template, again.wide) == (parts.template, parts.wide)
        parts, rounds = (parts, 0) if same else (again, rounds - 1)
    return parts


def safe(text: str) -> str:
    """Without control characters, direction marks and lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", text).replace("\n", " ")


def _headline(kind: str, message: str) -> str:
    return f"{kind}: {message}" if kind and message else kind or message


def digest(text: str) -> str:
    """32 hex characters of blake2b-128; the same on every machine and Python."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
