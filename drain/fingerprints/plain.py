"""Finds the line that tells most in a text without a structure: compilers, shells, services.

Every rule gives a line a rank. The best rank wins and, among equals, the first line: what comes
after an error is mostly its consequence.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from drain.fingerprints.model import Failure
from drain.fingerprints.python import typed_line

_LINE_CHARS = 2_000
_LINES = 20_000


class Rule(NamedTuple):
    """A named kind of line and how well it tells what went wrong, 0 (noise) to 9."""

    name: str
    rank: int
    pattern: re.Pattern[str]


_LEVEL = r"(?:ERROR|Error|error|FATAL|Fatal|fatal|CRITICAL|SEVERE|PANIC|EMERG|ALERT)"

# First match decides a line's rank, so noise that looks like an error stands first.
RULES = (
    # 0 errors, 13 warnings found | error_count=0 | no errors
    Rule(
        "none of them",
        0,
        re.compile(
            r"(?<![\w.])(?:0|no) (?:errors?|failures?|failed|problems)\b|\b(?:errors?|failures?|failed)(?:_count)?\s?[=:]\s?0\b",
            re.I,
        ),
    ),
    # test results and progress: tests/test_a.py::test_error PASSED [ 7%]
    Rule(
        "a test that passed",
        0,
        re.compile(
            r"\b(?:PASSED|SKIPPED|XPASS|XFAIL|XPASSED)\b|\.py::\S+ |\.\.\. ok$|^(?:ok|PASS|✓|✔|√|\.+)\s|\[\s{0,3}\d{1,3}%\]\s*$"
        ),
    ),
    Rule(
        "progress",
        0,
        re.compile(
            r"^\s*(?:Downloading|Downloaded|Building|Compiling|Collecting|Fetching|Installing|Successfully|Using cached|Requirement already|Finished|collected|Resolving|Unpacking|Cloning into|Receiving objects|Get:|Hit:|Setting up|Preparing|Selecting|added \d+ packages|-- |remote: (?:Counting|Compressing|Enumerating|Total)|\[\d+/\d+\]|\[\s*\d+%\])",
            re.I,
        ),
    ),
    Rule(
        "a warning",
        1,
        re.compile(
            r"^\s*(?:npm warn|warn(?:ing)?\b|deprecat|W:|WARNING)|^\S{1,200}: warning: |\bWARN(?:ING)?\b[\s:|\]]",
            re.I,
        ),
    ),
    Rule(
        "a line that explains another",
        1,
        re.compile(r"^\s*(?:DETAIL|HINT|CONTEXT|STATEMENT|LOCATION|note|help|hint|QUERY|Hint):"),
    ),
    # make: *** [Makefile:2: all] Error 2 | npm ERR! A complete log of this run
    Rule(
        "a wrapper that failed with its child",
        3,
        re.compile(
            r"^make(?:\[\d+\])?: \*\*\* \[|^ninja: build stopped|^npm (?:ERR!|error) (?:A complete log|Lifecycle script|Exit status|command failed|command sh|code ELIFECYCLE|path|errno|Failed at|This is probably|workspace|in workspace|signal)|exit(?:ed with)? (?:status|code):? \d|returned a non-zero code|aborting due to|could not compile|Child returned status"
            r"|^error Command failed|^FAILURE: Build failed|BUILD FAILED|^> Task .* FAILED|not recoverable|^\S{0,40}error: script|Process completed|^error: recipe|^\d+ errors? generated|^collect2: error|^\[ERROR\] (?:->|To see|Re-run|For more)|compilation terminated",
            re.I,
        ),
    ),
    Rule(
        "npm's and yarn's own code",
        8,
        re.compile(r"^npm (?:ERR!|error) code \S+|^(?:➤ )?YN\d{4}: .*(?:not|fail|error)", re.I),
    ),
    Rule(
        "a compiler's error",
        8,
        re.compile(
            r"^\s*(?:[A-Za-z]:)?[\w./\\@+~-]{1,300}(?::\d+(?::\d+)?:?|\(\d+(?:,\d+)?\):?)\s*(?:-\s*)?(?:fatal )?error\b"
            r"|^error(?:\[\w{1,10}\])?: (?!aborting|could not compile|test failed)|^CMake Error|undefined reference to|^ld: |cannot find -l|^\S{1,200}\.go:\d+:\d+: |\berror (?:TS|CS|MSB|LNK|C)\d{3,6}\b"
            r"|No rule to make target|^\s+\d+:\d+\s+error\s"
        ),
    ),
    Rule(
        "a statement of a database",
        8,
        re.compile(
            r"\b(?:ERROR|FATAL|PANIC):\s{1,3}\S|^ERROR \d{4} \(|ORA-\d{5}|^Error: (?:in prepare|near line|no such)|^Parse error near|SQLSTATE"
        ),
    ),
    Rule(
        "a merge that stopped",
        8,
        re.compile(r"^CONFLICT \(|^error: (?:patch failed|could not apply)"),
    ),
    Rule(
        "named fatal",
        8,
        re.compile(
            r"^(?:[\w./+-]{1,60}: )?(?:fatal|panic|FATAL|Fatal)(?: error)?\b[:\]|-]?|^PHP Fatal|^Segmentation fault|core dumped|^Killed\b|Out of memory: ?Kill|oom-kill|Uncaught |Unhandled"
        ),
    ),
    Rule(
        "a tool that names its error",
        8,
        re.compile(
            r"^[\w./+-]{1,60}(?:\.exe)?: (?:error|fatal|cannot|can't|could not|unable|failed|invalid|unrecognized|unknown|illegal|missing|Error response)\b[^a-z]?|^Error response from daemon|^error: |^ERROR: (?!Job failed)|^E: |^Error: |^error ",
            re.I,
        ),
    ),
    # ci.sh: line 34: terraformx: command not found | cat: /x/VERSION: No such file or directory
    Rule(
        "a shell that says why",
        7,
        re.compile(
            r": (?:command )?not found\b|No such file or directory|[Pp]ermission denied|unbound variable|syntax error|Is a directory|Not a directory|No space left|Connection (?:refused|reset|timed out)"
            r"|Name or service not known|[Nn]ot in gzip format|cannot (?:execute|open|access|stat|create|remove|find)|Operation (?:not permitted|timed out)|bad interpreter|Broken pipe|Argument list too long|is not recognized as|Too many open files|[Rr]ead-only file system|Device or resource busy|Text file busy",
        ),
    ),
    Rule(
        "a level of a logger",
        6,
        re.compile(
            rf"(?:^|[\s\[|<(])(?:{_LEVEL.upper().replace('(?:', '(?:')}|CRITICAL|SEVERE)(?:[\s:|\]/>)]|$)|\blevel=(?:error|fatal|panic)\b|\"level\":\s?\"(?:error|fatal)\""
        ),
    ),
    Rule(
        "an exception's line",
        6,
        re.compile(r"\b[A-Z]\w{0,60}(?:Error|Exception|Rejection)\w{0,20}\b(?::| \(|\)|$)"),
    ),
    Rule(
        "words of failure",
        5,
        re.compile(
            r"\b(?:cannot|can't|could not|couldn't|unable to|not found|failed to|fail(?:ed|ure)|denied|refused|timed? ?out|exceeded|invalid|missing|unexpected|unknown|unsupported|expected|aborted|abort|exhausted|undefined|illegal|rejected|unreachable|unauthorized|forbidden|killed|crash(?:ed)?|corrupt(?:ed)?|mismatch|conflict|broken|no space|does not exist|not exist|already exists|not allowed|terminated|too many|no such|overflow|blocked)\b",
            re.I,
        ),
    ),
    Rule("the word itself", 4, re.compile(r"\b(?:error|exception|fatal)s?\b", re.I)),
)
_HAS_RANK = 2
_CAUTIOUS_RANK = 3
_LOG_LEAD = re.compile(
    rf"^(?:(?:\d{{1,8}} )?(?:\[?{_LEVEL}(?:/[\w-]{{1,40}})?\]?)(?:\s{{0,8}}\|\s?[^|\n]{{1,120}}? - |[\s|:>\]-]{{1,8}})(?=\S)){{1,4}}"
)
# What this module itself makes of the lines above, read back.
_CODED = re.compile(
    r"(E\d{4}|(?:TS|CS|MSB|LNK)\d{3,6}|npm E[A-Z0-9]{3,30}|CMake Error|panic): (.*)$"
)


def read_lines(text: str) -> Failure:
    """The best-ranked line and what belongs to it; the first one when none speaks of failure."""
    lines = [line[:_LINE_CHARS].rstrip() for line in text.split("\n", _LINES)]
    best, rank = -1, _HAS_RANK
    first = -1
    for index, line in enumerate(lines):
        if not line or line.isspace():
            continue
        first = index if first < 0 else first
        found = rank_line(line)
        if found > rank:
            best, rank = index, found
    if best < 0:
        return _failure(lines, first) if first >= 0 else Failure("", "")
    return _failure(lines, best)


def rank_line(line: str) -> int:
    """How well a line tells what went wrong: 0 is noise, 2 says nothing either way, 9 is best."""
    for rule in RULES:
        if rule.pattern.search(line):
            return rule.rank
    return _HAS_RANK


_CMAKE = re.compile(r"CMake Error(?: at \S{1,300}?(?::\d+)?(?: \((\w{1,60})\))?)?:\s*(.*)$")
_NPM_CODE = re.compile(r"npm (?:ERR!|error) code (\S{1,40})")
_NPM_TEXT = re.compile(r"npm (?:ERR!|error) (?!code |errno |path |A complete|\s*$)(?:\d{3} )?(.*)")
_COMPILER = re.compile(
    r"\s*(?:[A-Za-z]:)?([\w./\\@+~-]{1,300}?)(?::\d+(?::\d+)?:?|\(\d+(?:,\d+)?\):?)\s*(?:-\s*)?(?:fatal )?error(?: (\w{1,8}\d{2,6}))?:?\s+(.*)$"
)
_RUSTC = re.compile(r"error(?:\[(\w{1,10})\])?: (.*)$")
_GO_BUILD = re.compile(r"(\S{1,200}\.go):\d+(?::\d+)?: (.*)$")


def _failure(lines: list[str], index: int) -> Failure:
    """What the line at ``index`` says, in the form of the tool that wrote it."""
    line = lines[index].strip()
    found = _CMAKE.match(line)
    if found:
        return Failure(
            "CMake Error", found.group(2) or _paragraph(lines, index + 1), found.group(1) or ""
        )
    found = _NPM_CODE.match(line)
    if found:
        return Failure(f"npm {found.group(1)}", _npm_message(lines, index + 1))
    found = _COMPILER.match(line)
    if found:
        return Failure(
            found.group(2) or "error",
            found.group(3),
            found.group(1).replace("\\", "/").rpartition("/")[2],
        )
    found = _GO_BUILD.match(line)
    if found:
        return Failure("error", found.group(2), found.group(1).rpartition("/")[2])
    found = _RUSTC.match(line)
    if found and found.group(1):
        return Failure(found.group(1), found.group(2))
    line = _LOG_LEAD.sub("", line, count=1)
    found = _CODED.match(line)
    if found:
        return Failure(*found.groups())
    typed = typed_line(line, "\n".join(lines[index + 1 : index + 8]))
    return typed or Failure("", line + _continuation(lines, index))


def _paragraph(lines: list[str], start: int) -> str:
    """The lines up to the next blank one, on one line."""
    words: list[str] = []
    for line in lines[start : start + 12]:
        if not line.strip():
            if words:
                break
            continue
        words.append(line.strip())
    return " ".join(words)


def _npm_message(lines: list[str], start: int) -> str:
    found = (_NPM_TEXT.match(line) for line in lines[start : start + 12])
    return next((match.group(1) for match in found if match), "")


def _continuation(lines: list[str], index: int) -> str:
    """PostgreSQL's context names the relation; nothing else is needed from the next lines."""
    for line in lines[index + 1 : index + 6]:
        if line.startswith("CONTEXT:"):
            return " " + line.partition(":")[2].strip()
    return ""
