"""Fill the placeholders of a profile's argv: in one pass, each value inside one argument, no shell."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from drain.engine.process.contract import Contract
from drain.engine.process.errors import TemplateError
from drain.engine.process.program_text import program_text
from drain.policy.command_lines import quoted

PLACEHOLDERS = ("run_id", "phase_id", "phase_index", "attempt", "params[key]")

# `${NAME}` belongs to whoever reads the argument later and `{{name}}` is how a literal {name} is written.
_PLACEHOLDER = re.compile(r"(\$?)(\{?)\{([A-Za-z_]\w*)(?:\[([^\[\]{}]*)\])?\}(\}?)")

_FILE = re.compile(r"[\w./@%+,-]+")
_PLAIN_ITEM = re.compile(r"[\w./@%+,=:-]*")


def render(
    argv: Sequence[str],
    contract: Contract,
    *,
    allow_dash: bool = False,
    allow_program_text: bool = False,
) -> tuple[str, ...]:
    """Return argv with every placeholder filled. Raises TemplateError with a sentence for people."""
    _inspect_once(tuple(argv), allow_program_text=allow_program_text)
    return tuple(_fill(item, contract, allow_dash=allow_dash) for item in argv)


def inspect(argv: Sequence[str], *, allow_program_text: bool = False) -> None:
    """Raise TemplateError for what no phase could make right,
    and for values in program text unless that is allowed.
    """
    if not argv or not argv[0]:
        raise TemplateError("The profile has no command; give one after `--`.")
    for item in argv:
        _check_names(item)
    program = program_text(argv, _has_placeholder, _literal)
    if program is not None and not allow_program_text:
        way = behind_a_script(argv, program)
        how = (
            f"pass the value behind a script: {way}"
            if way
            else "pass the value behind the script, like: sh -c 'exec tool -c \"$1\"' sh {phase_id}, or read "
            "DRAIN_PHASE_ID or DRAIN_PARAM_… in it"
        )
        raise TemplateError(
            f"The argument {program[:80]!r} could be a program with a value in it, so an imported name could run as "
            f"code; {how}. An executor can allow it (--allow-program-text)."
        )


def behind_a_script(argv: Sequence[str], program: str) -> str:
    """The same command with its values as arguments of a shell, which puts them where they stood;
    "" where code is typed.

    Only for a file that a value names (`python3 jobs/{phase_id}.py`):
    quoted it stays one word, whatever it holds.
    """
    at = next((at for at, item in enumerate(argv) if item == program), 0)
    if not at or argv[at - 1].startswith("-"):
        return ""
    filled = [item for item in argv if _PLACEHOLDER.search(item)]
    if not _FILE.fullmatch(_PLACEHOLDER.sub("", program)):
        return ""
    if not all(_PLAIN_ITEM.fullmatch(_PLACEHOLDER.sub("", item)) for item in filled):
        return ""
    if any(
        dollar or before for item in filled for dollar, before, *_ in _PLACEHOLDER.findall(item)
    ):
        return ""
    values: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        values.append(match.group())
        return f"${{{len(values)}}}" if len(values) > 9 else f"${len(values)}"

    # Nothing in these stands for anything between double quotes.
    words = [
        f'"{_PLACEHOLDER.sub(numbered, item)}"' if _PLACEHOLDER.search(item) else quoted(item)
        for item in argv
    ]
    script = f"exec {' '.join(words)}"
    return f"sh -c {quoted(script)} sh {' '.join(values)}"


_inspect_once = lru_cache(maxsize=256)(inspect)
"""Of the few profiles that a worker runs over and over; what is refused is not kept."""


def _fill(item: str, contract: Contract, *, allow_dash: bool) -> str:
    first = _PLACEHOLDER.match(item)

    def value(match: re.Match[str]) -> str:
        dollar, before, name, key, after = match.groups()
        if dollar:
            return match.group()
        if before and after:
            return match.group()[1:-1]
        return before + _value(name, key, contract) + after

    filled = _PLACEHOLDER.sub(value, item)
    if filled.startswith("-") and first and not allow_dash:
        raise TemplateError(
            f"The value for {first.group()} begins with a dash ({filled[:40]!r}) and could be taken for an option; "
            "put `--` or `--name=` before it, or allow it in the executor (--allow-dash)."
        )
    return _argument(filled)


def _argument(text: str) -> str:
    if "\0" in text:
        raise TemplateError(
            f"The argument {text[:40]!r} holds a NUL byte, which no command can take."
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise TemplateError(
            f"The argument {text[:40]!r} is no valid text, so it cannot be passed on."
        ) from None
    return text


def _value(name: str, key: str | None, contract: Contract) -> str:
    if name == "params":
        return _param(key or "", contract)
    return str(getattr(contract, name))


def _param(key: str, contract: Contract) -> str:
    value = contract.params.get(key)
    if value is None:
        raise TemplateError(
            f"Phase {contract.phase_id} of run {contract.run_id} has no parameter {key!r}, "
            f"which the profile asks for as {{params[{key}]}}."
        )
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check_names(item: str) -> None:
    for dollar, before, name, key, after in _PLACEHOLDER.findall(item):
        literal = dollar or (before and after)
        known = (name == "params" and key) or (name in PLACEHOLDERS and not key)
        if not literal and not known:
            written = f"{{{name}[{key}]}}" if key else f"{{{name}}}"
            known_names = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise TemplateError(
                f"Unknown placeholder {written} in {item[:80]!r}; known are {known_names}. "
                f"Write {{{written}}} for the text itself."
            )


def _has_placeholder(item: str) -> bool:
    return any(
        not dollar and not (before and after)
        for dollar, before, _, _, after in _PLACEHOLDER.findall(item)
    )


def _literal(item: str) -> str:
    """The argument without what its placeholders will be replaced by."""
    return _PLACEHOLDER.sub(
        lambda found: "" if not found[1] and not (found[2] and found[5]) else found[0], item
    )
