"""The output of a phase as pieces of text:
colours become classes, everything else that steers a terminal goes.

The text is hostile, and templates escape it; the class names are our own, chosen by table from the numbers
of an SGR sequence (ECMA-48, 8.3.117).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
# Other sequences: CSI of any kind, OSC and its kin up to their end, two-character escapes.
_OTHER = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Characters that turn the direction of what follows: they would make a line read as another one.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MOST_NUMBERS = 32


@dataclass(frozen=True, slots=True)
class Pen:
    """The style of the following text."""

    colour: str = ""
    bold: bool = False
    dim: bool = False
    underline: bool = False

    @property
    def css(self) -> str:
        """Class names, "" for plain text."""
        names = [self.colour, *(n for n in ("bold", "dim", "underline") if getattr(self, n))]
        return " ".join(f"ansi-{name}" for name in names if name)

    def after(self, numbers: str) -> Pen:
        """The pen after one SGR sequence; numbers that mean nothing here are passed over."""
        pen = self
        codes = [
            int(text)
            for text in re.split("[;:]", numbers)[:_MOST_NUMBERS]
            if len(text) in (1, 2, 3)
        ]
        for code in codes or [0]:
            if code in (38, 48):
                # An extended colour takes the numbers behind it; this page has no palette of 256.
                return pen
            pen = _changed(pen, code)
        return pen


def _changed(pen: Pen, code: int) -> Pen:
    if code == 0:
        return Pen()
    if 30 <= code <= 37 or 90 <= code <= 97:
        return replace(pen, colour=_COLOURS[code % 10])
    change = _SWITCHES.get(code)
    return change(pen) if change else pen


_SWITCHES: dict[int, Callable[[Pen], Pen]] = {
    1: lambda pen: replace(pen, bold=True),
    2: lambda pen: replace(pen, dim=True),
    4: lambda pen: replace(pen, underline=True),
    22: lambda pen: replace(pen, bold=False, dim=False),
    24: lambda pen: replace(pen, underline=False),
    39: lambda pen: replace(pen, colour=""),
}


class Piece(NamedTuple):
    """A part of a line that looks the same throughout; `hit` where it is what somebody searched for."""

    text: str
    css: str = ""
    hit: bool = False


class Painter:
    """Lines in, pieces out; the pen goes on from line to line as it would in a terminal."""

    def __init__(self) -> None:
        self._pen = Pen()

    def line(self, text: str) -> list[Piece]:
        """Return the pieces of one line that can be seen."""
        if "\x1b" not in text:
            found = [self._piece(text)]
        else:
            parts = _SGR.split(_last_writing(text))
            found = [self._piece(parts[0])]
            for numbers, part in zip(parts[1::2], parts[2::2], strict=True):
                self._pen = self._pen.after(numbers)
                found.append(self._piece(part))
        return [piece for piece in found if piece.text]

    def _piece(self, text: str) -> Piece:
        return Piece(visible(text), self._pen.css)


def plain(text: str) -> str:
    """The line as it can be read and searched: no colours, no control characters."""
    return visible(_SGR.sub("", _last_writing(text)))


def visible(text: str) -> str:
    """Text without sequences and control characters; what turns the direction is made visible."""
    text = _last_writing(text)
    if "\x1b" in text or "\x9b" in text:
        text = _OTHER.sub("", text)
    return _TURNING.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", text))


def _last_writing(text: str) -> str:
    """Return the text that carriage returns leave on the line:
    a progress bar shows its last state, not all of them.
    """
    return text.rstrip("\r").rpartition("\r")[2]
