"""Passwords and other secrets left out of texts: what looks like one, and what a phase was given.

`masked` knows a secret by where it stands: in an address, a DSN, a setting. `secrets_of` and `Mask` know it
by its value: a program that prints its settings prints the password of its database with them, and what it
was given is hidden in whatever it prints, before anything is kept of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import quote, unquote

HIDDEN = "***"
_HIDDEN = HIDDEN.encode()
SHORTEST = 6
"""Characters of a secret that is hidden wherever it stands; a shorter one only where an address holds it."""
SHORTEST_GIVEN = 8
"""The same for values of variables whose names do not say that they are secret."""
_LINE = 16
"""Characters of a line of a secret of several lines (a key) that is hidden by itself."""

_SCHEME = r"(?<![\w+.-])\w[\w+.-]*://"
# A password in an address may hold an @ and spaces; a slash, as PostgreSQL's own reader allows, where there
# is no space.
_OF_USER = re.compile(rf"({_SCHEME}[^\s:/?#]*:)[^/?#\n]*(@)")
# Each word is read once, whether it has an @ or not: many beginnings in one word would be looked through to
# its end.
_OF_POSTGRES = re.compile(r"((?<![\w+.-])postgres(?:ql)?(?:\+\w+)?://[^\s:/?#]*:)(\S*)")
_QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
# A quote that ends the sentence's own quotation is none of the value; one that is never closed hides the
# line.
_CLOSING = r"""(?!['"](?:[\s,:;.)\]}]|$))"""
_BARE = rf"""{_CLOSING}['"][^\n]*|(?:\\.|{_CLOSING}[^\s&\\])*"""
# What is hidden already stays as it is.
_AGAIN = r"""\*\*\*(?=['",;:.)\]}]*(?:\s|$))"""
_NAMED = re.compile(
    r"((?<!\w)\w*(?:password|passwd|passphrase|pwd|secret(?:_?key)?|token|api_?key)"
    rf"""(?:\s*=\s*|["']\s*:\s*))(?:{_AGAIN}|{_QUOTED}|{_BARE})""",
    re.IGNORECASE,
)

_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://([^\s:/?#]*):([^/?#\n]*)@")
_QUERY = re.compile(r"[?&]password=([^&#\s]+)")
_SECRET_NAME = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|SECRET|TOKEN|CREDENTIALS?|(?:SECRET|API|ACCESS|PRIVATE|ENCRYPTION|SIGNING)_?KEY)"
    r"(?:_ID)?$",
    re.IGNORECASE,
)
# Paths, numbers, dates and versions, single switches: nothing that anybody keeps to themselves.
_OPEN = re.compile(
    r"(?:~|\.{0,2})/.*|[\d.,:;+-]*|true|false|[a-z]{2}_[A-Z]{2}(?:\.UTF-?8)?",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")


def masked(text: object) -> str:
    """Return the text with every password hidden that an address, a DSN or a setting in it holds.

    `postgresql://user:***@host/db`, `?password=***`, `host=db password=***`. In doubt more is hidden than the
    password.
    """
    found = _OF_POSTGRES.sub(_without_password, str(text))
    found = _OF_USER.sub(rf"\1{HIDDEN}\2", found)
    return _NAMED.sub(rf"\1{HIDDEN}", found)


def _without_password(found: re.Match[str]) -> str:
    head, rest = found.groups()
    _, at, host = rest.rpartition("@")
    return f"{head}{HIDDEN}@{host}" if at else f"{head}{rest}"


def secrets_of(
    env: Mapping[str, str], stored: Collection[str] = (), passed: Collection[str] = ()
) -> dict[bytes, bytes]:
    """Return the secrets of this environment, each with its replacement.

    Passwords in addresses, values of variables whose names say so, and of 8 characters and more what an
    executor stores for its phases (unless it is a single word) or passes on from the worker; paths, numbers
    and addresses are no secrets.
    """
    found: dict[bytes, bytes] = {}
    for name, value in env.items():
        if "://" in value:
            _of_address(value, found)
        if _SECRET_NAME.search(name):
            _anywhere(value, found)
        elif name in passed or (name in stored and not _WORD.fullmatch(value)):
            _given(value, found)
    return found


def _given(value: str, found: dict[bytes, bytes]) -> None:
    if "://" in value:
        # Of an address its password is hidden already; what else is secret stands in its query.
        parts = [part.partition("=")[2] for part in re.split(r"[?&#]", value)[1:]]
    else:
        parts = [value]
    for part in parts:
        if len(part) >= SHORTEST_GIVEN and not _OPEN.fullmatch(part):
            _anywhere(part, found)


def secrets_of_headers(values: Iterable[str]) -> dict[bytes, bytes]:
    """Return the secrets in the values of headers:
    each as a whole, and the part behind a scheme such as Bearer.
    """
    found: dict[bytes, bytes] = {}
    for value in values:
        _anywhere(value, found)
        _anywhere(value.rpartition(" ")[2], found)
    return found


def _of_address(value: str, found: dict[bytes, bytes]) -> None:
    for match in _ADDRESS.finditer(value):
        user, password = match.groups()
        for form in _forms(password):
            found[f":{form}@".encode(errors="replace")] = b":" + _HIDDEN + b"@"
        # A password that is its user's name is a word like any other where it stands alone.
        if password != user:
            _anywhere(password, found)
    for match in _QUERY.finditer(value):
        for form in _forms(match[1]):
            found[f"password={form}".encode(errors="replace")] = b"password=" + _HIDDEN
        _anywhere(match[1], found)


def _anywhere(secret: str, found: dict[bytes, bytes]) -> None:
    lines = [line.strip() for line in secret.splitlines()]
    for each in (secret, *(line for line in lines[:1000] if len(line) >= _LINE)):
        if len(each) >= SHORTEST:
            found.update((form.encode(errors="replace"), _HIDDEN) for form in _forms(each))


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
