"""Takes a page apart into records: stacks, failing tests, and lines that say something of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from drain.fingerprints.model import Failure
from drain.fingerprints.readers.blocks import read_block
from drain.fingerprints.readers.frames import read_frame
from drain.fingerprints.readers.lines import Level, Page
from drain.fingerprints.readers.panics import read_panic
from drain.fingerprints.readers.python import read_python
from drain.fingerprints.readers.record import Record
from drain.fingerprints.readers.reports import may_name_tests, read_header
from drain.fingerprints.readers.stacks import is_frame, read_stack
from drain.fingerprints.signs import is_routine, says_failure
from drain.fingerprints.weights import Weighed, Weight
from drain.fingerprints.words import RULE, is_wrapper

_Reader = Callable[[Page, int, "list[Record]"], "Record | None"]
_TRACEBACK = "Traceback (most recent call last)"
_PYTHON_FRAME = '  File "'
_LINK = re.compile(r"(?:The above exception was the direct|During handling of the above exception)")
_CONTINUES = re.compile(
    r"^(?:\s|DETAIL|CONTEXT|HINT|LINE \d|\[SQL|\[parameters|\(Background|[\w.\[\]]{1,80}$|$)"
)
_PANIC = re.compile(r"^(?:thread '|panic: |fatal error: )")
_RULES = frozenset("-=*_+#~ \u2500\u23af")
_STACK_LINES = 400
# How far above its first frame the error of a stack may stand.
_LOOK_BACK = 60
_FAILING_TEST = Weighed(Weight.TEST, "a failing test", final=True)
_STACK = Weighed(Weight.STACK, "a stack")
_SURVIVED = Weighed(Weight.MENTION, "a stack logged below the level of errors")
_POINTS_ELSEWHERE = Weighed(
    Weight.WRAPPER, "a stack whose message only says that something else failed"
)


def read_records(page: Page) -> list[Record]:
    """The records of a page in their order; lines that say nothing are left out."""
    lines = page.lines
    text = "\n".join(lines)
    tested, numbered = may_name_tests(text), "ail" in text or "AIL" in text
    records: list[Record] = []
    seen: set[str] = set()
    # Frames without an error beside them are read once, not again from each of them.
    index = barren = 0
    while index < len(lines):
        line = lines[index]
        if not line or _is_empty(line):
            index += 1
            continue
        reader = _stack_reader(line) if index >= barren else None
        record = reader(page, index, records) if reader else None
        if record is None and reader not in _NOT_FRAMES:
            barren = _indented_end(lines, index)
        if record is None and line not in seen:
            seen.add(line)
            following = lines[index + 1] if index + 1 < len(lines) else ""
            header = read_header(line, following, numbered) if tested else None
            record = (
                Record(index, index + header.lines, header=header, weighed=_FAILING_TEST)
                if header
                else _read_alone(page, index)
            )
        if record is None:
            index += 1
            continue
        # A stack's header was first met as a line of its own.
        while records and records[-1].start >= record.start:
            records.pop()
        records.append(record)
        index = max(record.end, index + 1)
    return records


def _is_empty(line: str) -> bool:
    """Return whether a line is blank, or a rule drawn across the page."""
    return line.isspace() or (
        line[0] in _RULES and not line[-1].isalnum() and bool(RULE.match(line))
    )


def _floor(records: list[Record], index: int) -> int:
    """The first line of the stack in line ``index``: none before another stack or work that went on."""
    for record in reversed(records):
        if record.end < index - _LOOK_BACK:
            break
        if record.failure or record.routine:
            return record.end
    return 0


@lru_cache(maxsize=4096)
def _stack_reader(line: str) -> _Reader | None:
    """The reader of the stack that a line begins or is a frame of; None for any other line."""
    if _TRACEBACK in line or line.startswith((_PYTHON_FRAME, '> File "')):
        return _python
    if line[:1] in "tpf" and _PANIC.match(line):
        return _panic
    if line[:1] in " \t" and is_frame(line):
        return _at_stack
    return _block if read_frame(line) is not None else None


def _indented_end(lines: list[str], index: int) -> int:
    """The line after the frames that begin at ``index`` and what is indented between them."""
    end = index + 1
    last = min(len(lines), index + _STACK_LINES)
    while end < last and (lines[end][:1] in " \t" or _stack_reader(lines[end]) not in _NOT_FRAMES):
        end += 1
    return end


def _stacked(page: Page, start: int, end: int, failure: Failure) -> Record:
    """A stack, or a mere warning when it was logged as one."""
    if _survived(page, start):
        weighed = _SURVIVED
    elif failure.message and is_wrapper(failure.message):
        weighed = _POINTS_ELSEWHERE
    else:
        weighed = _STACK
    return Record(start, end, failure, weighed=weighed)


def _survived(page: Page, start: int) -> bool:
    """Return whether a stack was logged as a warning, in its own line or in the one that introduces it."""
    level = page.levels[start]
    if level != Level.NONE or not start:
        return level in (Level.WARNING, Level.BELOW)
    above = page.levels[start - 1]
    return above == Level.WARNING or (above == Level.BELOW and says_failure(page.lines[start - 1]))


def _block(page: Page, index: int, records: list[Record]) -> Record | None:
    """A stack of any other dialect."""
    found = read_block(page.lines, index, _floor(records, index))
    if found is None:
        return None
    failure, start, end = found
    return _stacked(page, start, end, failure)


def _python(page: Page, index: int, _records: list[Record]) -> Record | None:
    """One traceback or a chain of them; its frames may have lost their header."""
    lines = page.lines
    if lines[index].lstrip().startswith("|") or "Exception Group Traceback" in lines[index]:
        end = min(len(lines), index + _STACK_LINES)
    else:
        end = _traceback_end(lines, index)
    segment = [
        line[2:].join(("  ", "")) if line.startswith("> File") else line
        for line in lines[index:end]
    ]
    segment[0] = (
        segment[0][segment[0].find(_TRACEBACK) :]
        if _TRACEBACK in segment[0] and "Group" not in segment[0]
        else segment[0]
    )
    failure = read_python("\n".join(segment))
    return _stacked(page, index, end, failure) if failure else None


def _traceback_end(lines: list[str], index: int) -> int:
    """The line after the last exception of the chain that begins at ``index``."""
    last = min(len(lines), index + _STACK_LINES)
    end = index + 1
    while end < last:
        while end < last and (
            not lines[end].strip() or lines[end][:1] in " \t" or lines[end].startswith('> File "')
        ):
            end += 1
        end += 1
        while end < last and lines[end].strip() and _CONTINUES.match(lines[end]):
            end += 1
        ahead = end
        while (
            ahead < last
            and (not lines[ahead].strip() or _CONTINUES.match(lines[ahead]))
            and ahead - end < 6
        ):
            ahead += 1
        if ahead >= last or not _LINK.match(lines[ahead]):
            break
        end = ahead + 1
        while end < last and _TRACEBACK not in lines[end] and end - ahead < 4:
            end += 1
        end += 1
    return min(end, len(lines))


def _panic(page: Page, index: int, _records: list[Record]) -> Record | None:
    """A panic with what is printed of it until work goes on."""
    lines, end = page.lines, index + 1
    while (
        end < len(lines)
        and end - index < _STACK_LINES
        and page.levels[end] == Level.NONE
        and not is_routine(lines[end])
    ):
        end += 1
    segment = "\n".join(lines[index:end])
    failure = read_panic(segment)
    if failure is None:
        return None
    if "goroutine " not in segment:
        end = min(end, index + 6)
    return _stacked(page, index, end, failure)


def _at_stack(page: Page, index: int, records: list[Record]) -> Record | None:
    """A stack of ``at`` lines with the error above it."""
    lines, floor, end = page.lines, _floor(records, index), index + 1
    while (
        end < len(lines)
        and end - index < _STACK_LINES
        and (
            is_frame(lines[end])
            or lines[end]
            .lstrip()
            .startswith(
                ("... ", "Caused by: ", "Caused: ", "[cause]", "Suppressed: ", "Wrapped by: ")
            )
        )
    ):
        end += 1
    top = max(floor, index - _LOOK_BACK)
    found = read_stack("\n".join(lines[top:end]))
    if found:
        failure, above = found
        return _stacked(page, max(index - above, top), end, failure)
    block = _block(page, index, records)
    if block:
        block.end = max(block.end, end)
    return block


def _read_alone(page: Page, index: int) -> Record:
    """The record of a line that stands for itself."""
    line = page.lines[index]
    record = Record(index, index + 1, None, None, line, page.levels[index])
    if "(" in line and line.count("(") > line.count(")") and record.weight == Weight.ROUTINE:
        # What a bracket opened belongs to work that went well up to where it is closed.
        last = min(len(page.lines), index + 6)
        closing = next((at for at in range(index + 1, last) if ")" in page.lines[at]), index)
        record.end = closing + 1
    return record


_NOT_FRAMES = (None, _panic)
