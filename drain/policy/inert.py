"""Text of phases, sources and people made inert: what a terminal or a reader would obey is shown by its code.

Terminal sequences (C0, C1, DEL) can rewrite what stands on a screen or type for its owner; bidirectional and
other format characters reorder or hide what is read. Each becomes its escape, `\\x1b` as `\\u001b`: the same
form that JSON knows, so a JSON document stays one.
"""

from __future__ import annotations

import re
import sys
import unicodedata

_OBEYED = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_LINES = "\n\t"


def _ranges(kept: str) -> str:
    """The inside of a character class that holds every obeyed character but the kept ones."""
    found, start = [], -1
    for code in range(sys.maxunicode + 2):
        obeyed = (
            code <= sys.maxunicode
            and unicodedata.category(chr(code)) in _OBEYED
            and chr(code) not in kept
        )
        if obeyed and start < 0:
            start = code
        elif not obeyed and start >= 0:
            found.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = -1
    return "".join(found)


# Worked out once, on the first use: a million look-ups take a tenth of a second.
_patterns: dict[str, re.Pattern[str]] = {}


def inert(text: str, kept: str = _LINES) -> str:
    """Return the text with every character that is obeyed and not read as its escape; `kept` ones stay."""
    if text.isascii() and text.translate(_NO_LINES).isprintable() and kept == _LINES:
        return text
    return _obeyed(kept).sub(_escape, text)


def inert_html(page: str) -> str:
    """Return an HTML page made inert; values of its forms stay, since what comes back must be what was meant."""
    parts = _FORM_VALUES.split(page)
    parts[::2] = map(inert, parts[::2])
    return "".join(parts)


_FORM_VALUES = re.compile(r"""(\bvalue="[^"]*"|[<]textarea\b.*?[<]/textarea>)""", re.DOTALL)


def _obeyed(kept: str) -> re.Pattern[str]:
    if kept not in _patterns:
        _patterns[kept] = re.compile(f"[{_ranges(kept)}]")
    return _patterns[kept]


_NO_LINES = str.maketrans(dict.fromkeys(_LINES, " "))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    # As JSON writes it: a pair of halves.
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
