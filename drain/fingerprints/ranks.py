"""How well a line tells what went wrong: a table of named rules, first match wins."""

from __future__ import annotations

import re
from typing import NamedTuple

from drain.fingerprints.python import EXCEPTION_LINE

# A line that says nothing either way.
NEUTRAL = 2


class Rule(NamedTuple):
    """A named kind of line and how well it tells what went wrong, 0 (noise) to 9."""

    name: str
    rank: int
    pattern: re.Pattern[str]


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
            r"^make(?:\[\d+\])?: \*\*\* \[|^ninja: build stopped|^npm (?:ERR!|error) (?:A complete log|Lifecycle script|Exit status|command failed|command sh|code ELIFECYCLE|code \d|path|errno|Failed at|This is probably|workspace|in workspace|signal)|exit(?:ed with)? (?:status|code):? \d|returned a non-zero code|aborting due to|could not compile|Child returned status"
            r"|^error Command failed|^FAILURE: Build failed|BUILD FAILED|^> Task .* FAILED|not recoverable|^\S{0,40}error: script|Process completed|^error: recipe|^\d+ errors? generated|^Found \d+ errors?\b|^collect2: error|^\[ERROR\] (?:->|To see|Re-run|For more)|compilation terminated",
            re.I,
        ),
    ),
    Rule(
        "npm's and yarn's own code",
        8,
        re.compile(
            r"^npm (?:ERR!|error) code [A-Z](?!LIFECYCLE)|^(?:➤ )?YN\d{4}: .*(?:not|fail|error)",
            re.I,
        ),
    ),
    Rule(
        "a compiler's error",
        8,
        re.compile(
            r"^\s*(?:[A-Za-z]:)?[\w./\\@+~-]{1,300}(?::\d+(?::\d+)?:?|\(\d+(?:,\d+)?\):?)\s*(?:-\s*)?(?:fatal )?error\b"
            r"|^error(?:\[\w{1,10}\])?: (?!aborting|could not compile|test failed)|^CMake Error|undefined reference to|^ld: |cannot find -l|^\S{1,200}\.go:\d+:\d+: |\berror (?:TS|CS|MSB|LNK|C)\d{3,6}\b"
            r"|^\S{1,300}:\d+:\d+: [A-Z]{1,4}\d{3,4}\b|No rule to make target|^\s+\d+:\d+\s+error\s"
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
    # DELIVERABLES_VALIDATION_FAILED: ... | TOKEN_ESCALATION: ...
    Rule("a reason in capitals", 6, re.compile(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?::|$)")),
    Rule("a test that failed", 7, re.compile(r"^\s*(?:--- FAIL: |not ok \d|● |✕ |✗ |× )")),
    Rule("an exception on one line", 8, re.compile("^" + EXCEPTION_LINE.pattern)),
    Rule(
        "a level of a logger",
        6,
        re.compile(
            r"(?:^|[\s\[|<(])(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ALERT)(?:[\s:|\]/>)]|$)|\blevel=(?:error|fatal|panic)\b|\"level\":\s?\"(?:error|fatal)\""
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


def rank_line(line: str) -> int:
    """From 0 (noise) over ``NEUTRAL`` to 8 (a tool that names its error)."""
    for rule in RULES:
        if rule.pattern.search(line):
            return rule.rank
    return NEUTRAL
