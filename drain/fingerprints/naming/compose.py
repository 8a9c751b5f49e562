"""From what a reader found to the fingerprint: masks, hashes, the title."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from drain.fingerprints.categories import Verdict, categorise
from drain.fingerprints.model import VERSION, Failure, Fingerprint
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


_QUOTES = frozenset("\"'")
# A text that tells of nothing real may need a few rounds until its template reads like itself.
_ROUNDS = 6


class _Parts(NamedTuple):
    """A failure after masking: what the three levels and the title are made of."""

    kind: str
    message: str
    function: str
    cause: str
    hint: str
    test: bool
    beneath: str = ""

    @property
    def verdict(self) -> Verdict:
        """The kind of trouble, and whether the place counts."""
        return categorise(
            self.kind, self.message, self.cause, self.hint, test=self.test, beneath=self.beneath
        )

    @property
    def template(self) -> str:
        """The text that is hashed for the key."""
        head = _headline(self.kind, self.message)
        lines = [head]
        if self.function and (not self.message or not self.verdict.everywhere):
            lines.append(PLACE + self.function)
        if self.cause and self.cause != head:
            lines.append(CAUSE + self.cause)
        return "\n".join(lines)[:TEMPLATE_CHARS].strip()

    @property
    def wide(self) -> str:
        """The text that is hashed for the coarse key."""
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
    parts, template = _settle(_parts(kind, message, function, cause, hint, test, beneath))
    return Fingerprint(
        key=digest(template),
        coarse=digest(parts.wide),
        fine=digest(f"{template}\n{parts.function}"),
        title=title_of(parts.kind, parts.message, parts.function, test=parts.test),
        template=template,
        category=parts.verdict.category.value,
        version=VERSION,
        headline=digest(_headline(parts.kind, parts.message)),
        place_known=bool(parts.function),
        place=parts.function,
    )


def _parts(
    kind: str, message: str, function: str, cause: str, hint: str, test: bool, beneath: str = ""
) -> _Parts:
    """The parts made safe to show."""
    kind, message, cause = safe(kind), safe(message), safe(cause)
    # A space would end the place when the template is read back.
    function = "_".join(safe(function).split())
    if message and kind in _NO_TYPES:
        kind = ""
    return _Parts(kind, message, function, cause, hint, test, beneath)


def _settle(parts: _Parts) -> tuple[_Parts, str]:
    """The parts whose template, read again, gives itself, and it; for a real failure these very parts."""
    template = parts.template
    for _ in range(_ROUNDS):
        found = read(template)
        cause = _headline(found.cause_type, mask(found.cause_message))
        # Words that were masked stay as they are; what stands in quotation marks may be read anew.
        whole = found.message == parts.message and _QUOTES.isdisjoint(found.message)
        message = found.message if whole else mask(found.message)
        again = _parts(found.type, message, found.function, cause, found.hint, parts.test)
        before, template = template, again.template
        if template == before and (again[:2] == parts[:2] or again.wide == parts.wide):
            break
        parts = again
    return parts, template


def safe(text: str) -> str:
    """Return the text without control characters, direction marks and lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", text).replace("\n", " ")


def _headline(kind: str, message: str) -> str:
    return f"{kind}: {message}" if kind and message else kind or message


def digest(text: str) -> str:
    """32 hex characters of blake2b-128; the same on every machine and Python."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
