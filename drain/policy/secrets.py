"""Secrets that a phase was given are hidden in whatever it prints, before anything is kept of it.

A program that prints its settings prints the password of its database with them. What counts as a secret is known
from the environment that the phase got: passwords in addresses, and values of variables whose names say so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote

HIDDEN = b"***"
SHORTEST = 6
"""Characters of a secret that is hidden wherever it stands; a shorter one only where an address holds it."""
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://([^\s:/?#]*):([^/?#\n]*)@")
_QUERY = re.compile(r"[?&]password=([^&#\s]+)")
_NAMED = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_?KEY|TOKEN|API_?KEY)$", re.IGNORECASE
)


def secrets_of(env: Mapping[str, str]) -> dict[bytes, bytes]:
    """What is to be hidden of this environment, each with what stands in its place."""
    found: dict[bytes, bytes] = {}
    for name, value in env.items():
        if "://" in value:
            _of_address(value, found)
        if _NAMED.search(name):
            _anywhere(value, found)
    return found


def without_passwords(text: str) -> str:
    """Return a text in which addresses have no password any more."""
    hidden = HIDDEN.decode()
    text = _ADDRESS.sub(lambda found: found[0].replace(f":{found[2]}@", f":{hidden}@"), text)
    return _QUERY.sub(lambda found: found[0].replace(found[1], hidden), text)


def secrets_of_headers(values: Iterable[str]) -> dict[bytes, bytes]:
    """What is to be hidden of the values of headers: each as a whole, and what follows a scheme such as Bearer."""
    found: dict[bytes, bytes] = {}
    for value in values:
        _anywhere(value, found)
        _anywhere(value.rpartition(" ")[2], found)
    return found


def _of_address(value: str, found: dict[bytes, bytes]) -> None:
    for match in _ADDRESS.finditer(value):
        user, password = match.groups()
        for form in _forms(password):
            found[f":{form}@".encode(errors="replace")] = b":" + HIDDEN + b"@"
        # A password that is its user's name is a word like any other where it stands alone.
        if password != user:
            _anywhere(password, found)
    for match in _QUERY.finditer(value):
        for form in _forms(match[1]):
            found[f"password={form}".encode(errors="replace")] = b"password=" + HIDDEN
        _anywhere(match[1], found)


def _anywhere(secret: str, found: dict[bytes, bytes]) -> None:
    if len(secret) >= SHORTEST:
        found.update((form.encode(errors="replace"), HIDDEN) for form in _forms(secret))


def _forms(secret: str) -> set[str]:
    """A secret as it is written in addresses, in plain text and in JSON."""
    plain = unquote(secret)
    forms = {secret, plain, quote(plain, safe=""), json.dumps(plain)[1:-1]}
    return {form for form in forms if form}


class Mask:
    """Hides secrets in a stream of bytes, however the stream is cut."""

    def __init__(self, hidden: Mapping[bytes, bytes]) -> None:
        self._hidden = hidden
        longest_first = sorted(hidden, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first))) if hidden else None
        self._most = max(map(len, hidden), default=1) - 1
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be shown by now; what may be the beginning of a secret waits for more."""
        if self._pattern is None:
            return data
        text = self._kept + data
        done = max((found.end() for found in self._pattern.finditer(text)), default=0)
        at = next(self._beginnings(text, max(done, len(text) - self._most)), len(text))
        self._kept = text[at:]
        return self.whole(text[:at])

    def rest(self) -> bytes:
        """Return what waited, at the end of the stream."""
        kept, self._kept = self._kept, b""
        return kept

    def whole(self, text: bytes) -> bytes:
        """Return a text that is not cut without its secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._hidden[found.group()], text)

    def text(self, text: str) -> str:
        """The same for characters."""
        if self._pattern is None:
            return text
        return self.whole(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")

    def _beginnings(self, text: bytes, first: int) -> Iterator[int]:
        for at in range(first, len(text)):
            end = text[at:]
            if any(len(one) > len(end) and one.startswith(end) for one in self._hidden):
                yield at


NOTHING_HIDDEN = Mask({})
