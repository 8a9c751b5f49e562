"""Reads Python tracebacks: whole, chained, grouped, or with the head cut off."""

from __future__ import annotations

import re
from functools import lru_cache

from drain.fingerprints.model import Failure
from drain.fingerprints.naming.wordings import TYPES, in_one_wording

_HEADER = "Traceback (most recent call last)"
_FRAME = '  File "'
_GROUP_HEADER = "Exception Group Traceback"
_LINKS = ("The above exception was the direct cause", "During handling of the above exception")
# Not indented: the exception itself after the frames.
_UNINDENTED = re.compile(r"\n\S")
_EXCEPTION = re.compile(r"([A-Za-z_][\w.]{0,200})(?::(?: (.*)|$)|$)")
_LIBRARY = re.compile(
    r"site-packages|dist-packages|[\\/]lib(?:64)?[\\/](?:python|pypy)\d|[\\/][Pp]ython[\d.]*[\\/](?:x64[\\/])?[Ll]ib[\\/]|[\\/]Lib[\\/]"
    r"|^<frozen|^<string>|^<stdin>|[\\/]importlib[\\/]",
)
# 3.12 runs comprehensions inside their function, so a frame of theirs is nobody's identity.
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>", "<lambda>"})
_GROUP_MARGIN = re.compile(r"^[ \t]*(?:\+-\+-+|\+-+|[|+])?[ ]?", re.MULTILINE)
# Chained by the event loop itself; in 3.8 the link is missing.
_BOOKKEEPING = frozenset({"CancelledError", "StopIteration", "GeneratorExit"})
_FRAMES_KEPT = 64


def read_python(text: str) -> Failure | None:
    """The last exception of the text with the root of its chain; None when there is none."""
    start = text.rfind(_HEADER)
    if start < 0:
        return _read_headless(text)
    if _GROUP_HEADER in text:
        text = _without_margins(text)
        start = text.rfind(_HEADER)
    block = _read_block(text, start)
    if block is None:
        return _read_earlier(text, start)
    kind, message, function = block
    cause = beneath = None
    if "above exception" in text:
        cause, beneath = _root(text, start)
    if cause is None:
        cause = _first_of_group(text, kind, start)
    seen = ": ".join(beneath) if beneath and cause is None else ""
    return Failure(kind, message, function, *(cause or ("", "")), beneath=seen)


def _read_earlier(text: str, start: int) -> Failure | None:
    """The traceback before one whose end was cut off."""
    earlier = text.rfind(_HEADER, 0, start)
    block = _read_block(text, earlier) if earlier >= 0 else None
    return Failure(*block) if block else _read_headless(text)


def _read_headless(text: str) -> Failure | None:
    """A traceback whose first lines are lost: frames, then an exception."""
    start = text.find(_FRAME)
    if start < 0 or (start and text[start - 1] != "\n"):
        return None
    block = _read_block(text, start)
    if block is None:
        return None
    return Failure(*block)


# packages.SomeError: message. Only what is named like an exception is one: the lines of services
# begin with dotted names as well.
EXCEPTION_LINE = re.compile(
    r"(?:E\s{1,8})?(?:[A-Za-z_]\w{0,60}(?:\.|::)){0,8}[A-Z]\w{0,60}"
    r"(?:Error|Exception|Interrupt|Exit|Warning|Violation|Detected|NotFound|Exceeded|Timeout|Fault|Failure|Denied"
    r"|Refused|Rejected|Expired|DoesNotExist|Unavailable|Cancell?ed|Disconnected|Unauthorized|Forbidden|Conflict|Group)"
    r"(?=:\s|$)"
)


def typed_line(line: str, rest: str) -> Failure | None:
    """The failure of a line that begins with an exception's type; None for any other line."""
    found = EXCEPTION_LINE.match(line)
    if not found:
        return None
    kind = found.group().split()[-1].replace("::", ".")
    message = line[found.end() + 1 :].strip()
    return Failure(_short(kind), _message(kind, message, rest))


def _read_block(text: str, start: int) -> tuple[str, str, str] | None:
    """Type, message and own function of the traceback that begins at ``start``."""
    found = _UNINDENTED.search(text, start)
    # A header that is itself indented sits inside another program's output.
    if not found:
        return None
    at = found.end() - 1
    exception = _EXCEPTION.match(text, at, _line_end(text, at))
    if not exception:
        return None
    kind, message = exception.groups()
    function = own_function(text, start, found.start())
    return (
        _short(kind),
        _message(kind, message or "", text[exception.end() : exception.end() + 2000]),
        function,
    )


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _short(kind: str) -> str:
    """Return a type without its package, which moves with versions (``asyncio.exceptions.TimeoutError``)."""
    return TYPES.get(kind) or kind.rpartition(".")[2] or kind


def _message(kind: str, first: str, rest: str) -> str:
    """The first line, and of the following ones only those that name the cause."""
    first = in_one_wording(kind, first)
    if "validation error" in first:
        lines = [line.partition(" [type=")[0].strip() for line in rest.split("\n", 3)[1:3]]
        return " ".join([first, *lines])
    if "CONTEXT:" in rest:
        context = rest.partition("CONTEXT:")[2].partition("\n")[0]
        return f"{first} {context.strip()}"
    return first


def own_function(text: str, start: int, end: int) -> str:
    """``file.function`` of the innermost frame that is no library's; empty without one."""
    position = end
    for _ in range(_FRAMES_KEPT):
        position = text.rfind(_FRAME, start, position)
        if position < 0:
            return ""
        line = text[position + 8 : _line_end(text, position)]
        path, _, tail = line.partition('"')
        name = tail.partition(", in ")[2].strip()
        if not name and position > start + 80:
            continue
        if name not in _INLINED and not is_library(path):
            return _place(path, name)
    return ""


@lru_cache(maxsize=4096)
def is_library(path: str) -> bool:
    """Return whether a file belongs to Python or an installed package, not to the user's own code."""
    # Most paths are the user's own, and three look-ups are cheaper than the pattern.
    if "ib" not in path and "-packages" not in path and path[:1] != "<":
        return False
    return bool(_LIBRARY.search(path))


def _place(path: str, name: str) -> str:
    base = path.replace("\\", "/").rpartition("/")[2]
    stem = base.rpartition(".")[0] or base
    return f"{stem}.{name}" if name and name != "<module>" else stem


_Link = tuple[str, str]


def _root(text: str, start: int) -> tuple[_Link | None, _Link | None]:
    """The first exception of the chain that ends in the block at ``start``: that own code saw, and of all."""
    root = first = None
    previous = text.rfind(_HEADER, 0, start)
    while previous >= 0 and any(text.find(link, previous, start) >= 0 for link in _LINKS):
        block = _read_block(text, previous)
        if block and block[0] not in _BOOKKEEPING:
            first = block[:2]
            root = first if block[2] else root
        start, previous = previous, text.rfind(_HEADER, 0, previous)
    return root, first


def _without_margins(text: str) -> str:
    """An exception group's text without the lines drawn around it."""
    return "\n".join(
        _GROUP_MARGIN.sub("", line, count=1) if line.lstrip()[:1] in ("|", "+") else line
        for line in text.split("\n")
    )


def _first_of_group(text: str, kind: str, start: int) -> tuple[str, str] | None:
    """The first exception inside an exception group stands for what caused it."""
    if not kind.endswith("ExceptionGroup"):
        return None
    block_end = _UNINDENTED.search(text, start)
    rest = text[_line_end(text, block_end.end()) :] if block_end else ""
    for line in rest.split("\n")[:400]:
        found = _EXCEPTION.match(line)
        if found and found.group(1)[:1].isupper() and "-" not in line[:1]:
            return _short(found.group(1)), found.group(2) or ""
    return None
