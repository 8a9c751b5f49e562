"""Reads stacks of any dialect that no reader of its own knows: frames, and the error beside them."""

from __future__ import annotations

import re

from drain.fingerprints.forms import take_apart
from drain.fingerprints.model import Failure
from drain.fingerprints.readers.frames import FRAMES_KEPT, Frame, own_place, read_frame
from drain.fingerprints.readers.python import EXCEPTION_LINE, typed_line
from drain.fingerprints.signs import says_failure
from drain.fingerprints.words import own_words

# Stack trace: | stack traceback: | CallStack (from HasCallStack): | Stacktrace:
_LABEL = re.compile(
    r"^\s{0,8}\[?(?:\w{1,20} )?(?:call ?)?stack ?(?:trace(?:back)?)?\b[^:]{0,40}:?\]?\s*$",
    re.IGNORECASE,
)
_BELOW = "most recent call last"
# ==31337==ERROR: AddressSanitizer: .. | ** (MatchError) no match | ERROR: LoadError:
# .. | Unhandled exception:
_LEADS = re.compile(
    r"^(?:==\d+==|\*\* ?|\W{0,3}(?:ERROR|FATAL|Error|error|fatal|Fatal)(?: error)?: ?|(?:[A-Z]\w{1,12} )?(?:[Uu]ncaught|[Uu]nhandled|Unbehandelte)\s(?:\w{1,12})?:? ?)+"
)
_IN_BRACKETS = re.compile(r"\(([A-Z][\w.]{2,80})\) (.*)$")
_GO_ON = 3
_STACK_LINES = 400


def read_block(lines: list[str], start: int, floor: int) -> tuple[Failure, int, int] | None:
    """The failure whose stack has its first frame in line ``start``, and the lines it takes."""
    first = read_frame(lines[start])
    if first is None:
        return None
    frames, end = _frames(lines, start, first)
    above = _above(lines, start, floor)
    header = (
        above - 1
        if above >= 0 and _BELOW not in lines[above] and above and _BELOW in lines[above - 1]
        else above
    )
    if above >= 0 and _BELOW in lines[header]:
        below = _below(lines, end)
        if below is not None:
            failure = typed_line(lines[below].strip(), "") or Failure("", lines[below].strip())
            return _placed(failure, own_place(frames[::-1])), header, below + 1
    if above < 0:
        return None
    single = len(frames) == 1 and not lines[start][:1].isspace()
    told = _names_error(lines[above]) or says_failure(lines[above])
    labelled = any(_LABEL.match(line) for line in lines[above + 1 : start] if line.strip())
    if not (told or (labelled and own_words(lines[above]) > 1)):
        return None
    if single or (len(frames) == 1 and lines[above][:1].isspace()):
        return None
    failure = read_headline(lines, above, start)
    return (failure if failure.function else _placed(failure, own_place(frames))), above, end


def _placed(failure: Failure, place: str) -> Failure:
    return Failure(failure.type, failure.message, place or failure.function)


def _frames(lines: list[str], start: int, first: Frame) -> tuple[list[Frame], int]:
    """The frames from ``start`` on and the line after the last; a few other lines may stand between."""
    frames, end = [first], start + 1
    index = end
    while index < min(len(lines), start + _STACK_LINES) and index - end <= _GO_ON + 3:
        frame = read_frame(lines[index])
        if frame is not None:
            frames.append(frame)
            end = index + 1
        elif lines[index][:1] > " " and not lines[index][:4].startswith("--") and index - end >= 1:
            break
        index += 1
    return frames[:FRAMES_KEPT], end


def _above(lines: list[str], start: int, floor: int) -> int:
    """The line above a stack that names its error; -1 without one."""
    index = start - 1
    while (
        index >= 0
        and start - index < 8
        and (not lines[index].strip() or _LABEL.match(lines[index]))
    ):
        index -= 1
    if index < floor or start - index >= 8:
        return -1
    # What explains the error stands between it and the stack: READ of size 4 at .., a list of places.
    top = index
    while top > floor and index - top < 30 and lines[top].strip():
        if _names_error(lines[top]):
            return top
        top -= 1
    return top if lines[top].strip() and _names_error(lines[top]) else index


def _names_error(line: str) -> bool:
    return _BELOW in line or bool(_LEADS.match(line)) or bool(EXCEPTION_LINE.match(line))


def _below(lines: list[str], end: int) -> int | None:
    """The first line after a stack that is not indented."""
    for index in range(end, min(len(lines), end + 40)):
        if (
            lines[index][:1] > " "
            and lines[index][:1] not in "-="
            and EXCEPTION_LINE.match(lines[index])
        ):
            return index
    return None


def read_headline(lines: list[str], index: int, stop: int) -> Failure:
    """Type and message of an error's own line; one that only leads pulls in the next."""
    line = _LEADS.sub("", lines[index].strip())
    if not line:
        line = next(
            (lines[at].strip() for at in range(index + 1, stop) if lines[at].strip()),
            lines[index].strip(),
        )
    bracketed = _IN_BRACKETS.match(line)
    if bracketed:
        return Failure(bracketed[1], bracketed[2])
    return take_apart([*lines[:index], line, *lines[index + 1 : stop]], index)
