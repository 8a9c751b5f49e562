"""Small pieces of markup built in Python: icons, states, copy buttons, templates and commands.

Everything that comes from a phase, a source or a person is escaped here; `format_html` does it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from html import escape

from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from drain.dashboard.ui import times
from drain.dashboard.ui.formats import number
from drain.dashboard.ui.states import Look, look
from drain.policy.words import NOTHING

# Placeholders of a fingerprint template: <path>, <n>, <name>, <hex> …
_SLOT = re.compile(r"<([a-z][a-z0-9_-]{0,19})>")


def ago(moment: datetime | None, now: datetime) -> SafeString | str:
    return NOTHING if moment is None else _time(moment, times.ago(moment, now))


def at(moment: datetime | None, shape: str = "full") -> SafeString | str:
    return NOTHING if moment is None else _time(moment, times.at(moment, shape))


def _time(moment: datetime, text: str) -> SafeString:
    return SafeString(
        f'<time datetime="{moment.isoformat()}" title="{times.title(moment)}">{text}</time>'
    )


def icon(name: str, css: str = "", title: str = "") -> SafeString:
    """One icon of the sprite. Decorative unless `title` is given: a word stands beside it."""
    if not title:
        return _plain_icon(name, css)
    return format_html(
        '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
        f"icon {css}".strip(),
        title,
        icon_href(name),
    )


def icon_href(name: str) -> str:
    """The address of an icon in the sprite, for drawings that are SVG themselves."""
    return f"{_sprite()}#{name}"


@lru_cache(maxsize=512)
def _plain_icon(name: str, css: str) -> SafeString:
    """A page has hundreds of a few kinds. Those with a title are not kept: titles come from outside."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>',
        f"icon {css}".strip(),
        icon_href(name),
    )


@cache
def _sprite() -> str:
    return static("drain/icons/sprite.svg")


def state(value: object, word: str = "") -> SafeString:
    """A state inside a table or a sentence: icon and word in its ink."""
    return _state(str(value)) if not word else _state_as(look(value), word)


@lru_cache(maxsize=256)
def _state(value: str) -> SafeString:
    """A table has one in each row. Those in a word of their own are not kept: such words are without end."""
    return _state_as(look(value), "")


def _state_as(shown: Look, word: str) -> SafeString:
    return format_html(
        '<span class="state {}">{}{}</span>',
        shown.css,
        icon(shown.icon, "turn" if shown.turns else ""),
        word or shown.word,
    )


def badge(value: object, word: str = "", *, large: bool = False) -> SafeString:
    """A state beside a title: icon and word on its tint."""
    shown = look(value)
    return format_html(
        '<span class="badge {}{}">{}{}</span>',
        shown.css,
        " large" if large else "",
        icon(shown.icon, "turn" if shown.turns else ""),
        word or shown.word,
    )


def state_icon(value: object) -> SafeString:
    """Only the icon of a state, named for a screen reader: for squares and legends."""
    return _state_icon(str(value))


@lru_cache(maxsize=256)
def _state_icon(value: str) -> SafeString:
    shown = look(value)
    return icon(shown.icon, "turn" if shown.turns else "", shown.word)


def count_cells(counts: Iterable[tuple[str, int]]) -> SafeString:
    """A row's numbers of phases, one column for each state: a loop in a template takes ten times as long."""
    return SafeString("".join([_count_cell(state, count) for state, count in counts]))


@lru_cache(maxsize=4096)
def _count_cell(value: str, count: int) -> SafeString:
    """A number of phases in a list's column of one state; a list has hundreds, most of them alike."""
    shown = look(value)
    word = escape(shown.word.lower())
    if not count:
        return SafeString(
            f'<td class="num t-fact t-hide" data-label="{word}"><span class="zero">·</span></td>'
        )
    return SafeString(
        f'<td class="num t-fact" data-label="{word}"><span class="ink {shown.css}">{number(count)}</span></td>'
    )


_OPEN = frozenset({"queued", "executing", "gate", "ci_running", "running"})
_BLANK = '<span class="attempt blank"></span>'


def attempts(outcomes: Sequence[object], room: int = 3, limit: int = 12) -> SafeString:
    """One square an attempt, newest right: the last `limit` outcomes, empty squares up to `room`.

    The outcome of an attempt that is going on is its phase's state (`EXECUTING`, `GATE`, …).
    """
    shown = [str(outcome) for outcome in outcomes[-limit:]]
    more = len(outcomes) - len(shown)
    before = f'<span class="attempt-more">+{more}</span>' if more > 0 else ""
    words = escape(", ".join([look(outcome).word for outcome in shown])) or "none"
    squares = "".join(map(_square, shown)) + _BLANK * (room - len(shown))
    return SafeString(
        f'<span class="attempts" role="img" aria-label="Attempts: {words}">{before}{squares}</span>'
    )


@lru_cache(maxsize=64)
def _square(outcome: str) -> SafeString:
    shown = look(outcome)
    return format_html(
        '<span class="attempt {}{}" title="{}">{}</span>',
        shown.css,
        " open" if outcome.lower() in _OPEN else "",
        shown.word,
        icon(shown.icon),
    )


def part(
    count: object, state: str = "", word: str = "", share: str = "", note: str = "", href: str = ""
) -> SafeString:
    """One number of a row of them: a state's, or one named by its word; with `href` it leads there."""
    box, leads = ("a", f' href="{escape(href)}"') if href else ("div", "")
    small = f"<small>{escape(share)}</small>" if share else ""
    return SafeString(
        f'<{box} class="part"{leads}><div class="part-value">{escape(number(count))}{small}</div>'
        f'<div class="part-name">{_named(state, word)}</div><span class="meta">{escape(note)}</span></{box}>'
    )


def _named(value: str, word: str) -> str:
    return state(value, word) if value else escape(word)


def copy_button(text: str, label: str = "Copy", *, small: bool = True) -> SafeString:
    """A button that puts `text` on the clipboard; copy.js attaches by `data-copy`."""
    return format_html(
        '<button type="button" class="button{}" data-copy="{}">{}<span>{}</span></button>',
        " small" if small else "",
        text,
        icon("copy", "small"),
        label,
    )


def boxed_template(text: str) -> SafeString:
    """A fingerprint's template with each placeholder in a box; everything else escaped."""
    # split() alternates: plain text, the name inside the brackets, plain text, …; such a name is inert.
    parts = _SLOT.split(text)
    parts[::2] = map(escape, parts[::2])
    parts[1::2] = [f'<span class="slot">{name}</span>' for name in parts[1::2]]
    return SafeString("".join(parts))


def options(choices: Iterable[tuple[object, str]], chosen: object = "") -> SafeString:
    """The options of a select from (value, words) pairs; a list of a hundred is drawn three times on some pages."""
    wanted = str(chosen)
    return SafeString("".join([_option(str(value), word, wanted) for value, word in choices]))


def _option(value: str, word: str, wanted: str) -> str:
    selected = " selected" if value == wanted else ""
    return f'<option value="{escape(value)}"{selected}>{escape(word)}</option>'


def command_line(argv: str | Sequence[str]) -> SafeString:
    """A command with its flags dimmed, so that the values stand out; quoting as a shell wants it."""
    words = split_command(argv) if isinstance(argv, str) else list(argv)
    return format_html('<code class="command">{}</code>', _words(words))


def _words(words: Sequence[str]) -> SafeString:
    return format_html_join(" ", "{}", ((_word(word),) for word in words))


def _word(word: str) -> SafeString:
    quoted = shlex.quote(word)
    if word.startswith("--"):
        return format_html('<span class="flag">{}</span>', quoted)
    return format_html("{}", quoted)


def split_command(command: str) -> list[str]:
    """A command into words; an unbalanced quote leaves plain words instead of an error."""
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def command_text(argv: str | Sequence[str]) -> str:
    """The same command as plain text, for the clipboard."""
    return argv if isinstance(argv, str) else shlex.join(argv)
