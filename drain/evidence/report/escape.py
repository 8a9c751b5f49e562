"""Output of phases, escaped for each format before it leaves.

Terminal sequences, control and bidirectional characters could hide or reorder what a reader sees, so
they are shown by their code. Then each format gets its own escaping.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from drain.policy.inert import inert

CUT = "…"
_LINES = re.compile(r"[\n\r\t]")
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~!])")
_FORMULA = ("=", "+", "-", "@")
# What a spreadsheet, or somebody who tidies a table, takes away before it reads a cell.
_BEFORE_FORMULA = re.compile(r"^(?:\s|['\"\u2018\u2019\u201c\u201d`])+")


def plain(text: object, limit: int = 500) -> str:
    """One line without control, format or bidi characters; each becomes its code, e.g. \\u202e."""
    shown = str(text)[: limit + 1]
    if len(shown) > limit:
        shown = shown[:limit] + CUT
    return inert(_LINES.sub(" ", shown), kept="")


def markdown(text: object, limit: int = 500) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no link that makes itself, no mention."""
    shown = plain(text, limit)
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = _MARKDOWN.sub(r"\\\1", shown)
    for made, harmless in (("://", "&#58;//"), ("www.", "www&#46;"), ("@", "&#64;")):
        shown = shown.replace(made, harmless)
    return shown


def code(text: object, limit: int = 20_000) -> str:
    """A Markdown code span that shows the text as it is and can be copied whole, whatever it holds."""
    shown = plain(text, limit)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if longest or shown[:1] == shown[-1:] == " " else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def csv_cell(text: object, limit: int = 2000) -> str:
    """Text that no spreadsheet takes for a formula."""
    shown = plain(text, limit)
    # Full-width and small signs mean the same to a spreadsheet in some languages (U+FF1D, U+FE62).
    begins = unicodedata.normalize("NFKC", _BEFORE_FORMULA.sub("", shown)[:1]).replace(
        "\u2212", "-"
    )
    return f"'{shown}" if begins.startswith(_FORMULA) else shown


def markdown_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with these columns, or a line that says there is nothing; cells come escaped."""
    if not rows:
        return "*None.*"
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
