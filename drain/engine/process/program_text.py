"""Where a value of a phase would become program text, judged from the argv of an executor alone.

Names and parameters are imported: whoever can name a phase could run code, if a name stood inside a script. So a value
reaches an interpreter only as an argument behind its script, or in the environment (DRAIN_PHASE_ID, DRAIN_PARAM_*).

The rule looks at shape first, since nobody can list every interpreter: text around a placeholder that no plain argument
needs (blanks, quotes, operators) is a program; what follows `-c`, `-e` or `--eval` is one, whatever the command is called.
Only then come the names: before a known interpreter has had its script, and anywhere behind a command that joins its
arguments and hands them to a shell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath

# Letters, digits and what paths, addresses and assignments need; everything else means something to some interpreter.
_PLAIN = re.compile(r"[\w./:=@%+,~#-]*|https?://[\w./:=@%+,~#?&-]*")
_SHORT_OPTION = re.compile(r"-[A-Za-z]*[ceE]")
_LONG_OPTION = re.compile(
    r"--?[\w-]*(?:eval|exec|execute|command|cmd|expr|expression|script|program|code|query|sql|init)[\w-]*"
)
_INTERPRETER = re.compile(
    r"(?:ba|da|z|k|mk|a|fi|c|tc|pwsh|r|rba)?sh(?:ell)?|busybox|toybox|pwsh|powershell|cmd"
    r"|(?:i?python|pypy|perl|ruby|node|nodejs|deno|bun|php|lua|luajit|tclsh|wish|expect|guile|sbcl|clisp|ghci|runghc"
    r"|erl|elixir|iex|julia|octave|Rscript|R|groovy|scala|kotlin|jshell|irb|osascript|swipl)[\d.]*"
    r"|[gmn]?awk|g?sed|jq|yq|dc|bc|ed|ex|vim?|emacs|gdb|g?make|psql|mysql"
)
_JOINER = re.compile(
    r"ssh|rsh|mosh|eval|parallel|watch|su|runuser|script|tmux|screen|at|batch|xargs|rlwrap|entr"
    r"|sqlite3|mongosh?|redis-cli"
)

# What can only be a script: a path, a file with an ending, program text itself.
_SCRIPT = re.compile(r".*[./\s].*", re.DOTALL)


def program_text(
    argv: Sequence[str], has_placeholder: Callable[[str], bool], literal: Callable[[str], str]
) -> str | None:
    """Return the first argument in which a value would be program text, or None.

    `has_placeholder` tells whether an argument takes a value, `literal` is the argument without its placeholders.
    """
    waits_for_script = joins = False
    own_name = -1
    before = ""
    for place, item in enumerate(argv):
        takes = has_placeholder(item)
        if takes and (
            place == 0
            or joins
            or waits_for_script
            or not _PLAIN.fullmatch(literal(item))
            or _takes_program(before)
            or _takes_program(literal(item).partition("=")[0])
        ):
            return item
        name = PurePath(item).name
        if takes or place == own_name:
            pass
        elif _JOINER.fullmatch(name):
            joins = True
        elif waits_for_script and _is_script(before, item):
            waits_for_script = False
            # `sh -c SCRIPT sh ...`: what follows the text of a script is the name that it goes by.
            own_name = place + 1 if _takes_program(before) else -1
        elif _INTERPRETER.fullmatch(name):
            waits_for_script = True
        before = "" if takes else item
    return None


def _is_script(before: str, item: str) -> bool:
    """Whether a literal argument is what an interpreter waits for, and not the value of an option like `-X utf8`."""
    if item.startswith(("-", "+")):
        return False
    return _takes_program(before) or before in {"-m", "-f", "-r"} or bool(_SCRIPT.fullmatch(item))


def _takes_program(option: str) -> bool:
    return bool(_SHORT_OPTION.fullmatch(option) or _LONG_OPTION.fullmatch(option))
