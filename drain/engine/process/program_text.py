"""The detection of values that would become program text, from the argv of an executor alone.

Names and parameters are imported: whoever can name a phase could run code, if a name stood inside a script.
So a value reaches an interpreter only as an argument behind its script, or in the environment
(DRAIN_PHASE_ID, DRAIN_PARAM_*).

The rule looks at shape first, since nobody can list every interpreter: text around a placeholder that no
plain argument needs (blanks, quotes, operators) is a program; what follows `-c`, `-e` or `--eval` is one,
whatever the command is called. Only then come the names: where a command is expected (`timeout 5`, `docker
exec`), before a known interpreter has had its script, and anywhere behind a command that joins its arguments
and hands them to a shell. What a command that is not named here makes of a plain argument is for the
administrator to know, and what is refused wrongly can be allowed (`allow_program_text`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath

# Letters, digits and what paths, addresses and assignments need;
# everything else means something to some interpreter.
_PLAIN = re.compile(r"[\w./:=@%+,~#-]*|https?://[\w./:=@%+,~#?&-]*")
# A sign that makes a file or a command of what follows it: `vim +{}`, `sqlplus @{}`.
_SIGN = re.compile(r"[+@]")
_SHORT_OPTION = re.compile(r"-[EIaeilnpsux]{0,2}[ceE]|/[cCkK]")
_LONG_OPTION = re.compile(
    r"--?[\w-]*(?:eval|exec|execute|command|cmd|expr|expression|script|program|code|query|sql|init|entrypoint|rsh|shell"
    r"|action|manifest|upload-pack|receive-pack|editor|pager|rcfile)[\w-]*"
)
_INTERPRETER = re.compile(
    r"(?:ba|da|z|k|mk|a|fi|c|tc|pwsh|r|rba|elvi|xon)?sh(?:ell)?|ksh93|nu|busybox|toybox|pwsh|powershell|cmd|[cw]script"
    r"|(?:[ij]?python|pypy|perl|raku|j?ruby|node|nodejs|ts-node|tsx|coffee|deno|bun|php|lua|luajit|tclsh|wish|expect"
    r"|guile|racket|sbcl|clisp|ghci|runghc|erl|elixir|iex|julia|octave|Rscript|R|groovy|scala|kotlin|jshell|irb|osascript"
    r"|swipl|hy|bb|java|go|wine)[\d.]*|spark-(?:shell|submit)|[gmn]?awk|g?sed|jq|yq|dc|bc|m4|ed|ex|vim?|emacs|gdb|g?make"
    r"|psql|mysql|cqlsh|source|ld(?:-linux.*|-musl.*)?\.so(?:\.\d+)?"
)
_JOINER = re.compile(
    r"ssh|rsh|mosh|pdsh|ansible|salt|eval|parallel|watch|su|runuser|script|tmux|screen|at|batch|xargs|rlwrap|entr"
    r"|fd|fdfind|duckdb|sqlite3|sqlplus|mongosh?|redis-cli"
)
_RUNNER = re.compile(
    r"env|nice|ionice|chrt|nohup|timeout|time|sudo|doas|setsid|stdbuf|unbuffer|strace|ltrace|valgrind|exec|command|builtin"
    r"|unshare|nsenter|setpriv|systemd-run|npx|bunx|pipx|uvx|xvfb-run|fakeroot|gosu|tini|dumb-init|numactl"
)
_RUNNER_BEHIND_ONE = re.compile(r"chroot|flock|taskset|su-exec")
_WITH_VALUE = re.compile(r"-[CDSUcegknopstu]|--(?:reuid|regid|user|group|signal|chdir|adjustment)")

# What can only be a script: a path, a file with an ending, program text itself.
_SCRIPT = re.compile(r".*[./\s].*", re.DOTALL)
_NO_COMMAND = re.compile(r"\d[\w.]*|[A-Za-z_]\w*=.*", re.DOTALL)


class _Walk:
    """The walk through the arguments, which decides the meaning of the next one."""

    def __init__(self) -> None:
        self.before = ""
        """The argument before the next one; empty behind a value."""
        self.joins = False
        """A command before hands its arguments to a shell."""
        self.waits_for_script = False
        """An interpreter has not had its script yet."""
        self.waits_for_command = True
        """A command is expected, behind so many other arguments."""
        self.others = 0
        self.own_name = False
        """The next argument is the name that a script goes by."""

    def is_program(self, literal: str) -> bool:
        """Return whether a value in an argument that is otherwise this text would be program text."""
        given = self.waits_for_command and not _NO_COMMAND.fullmatch(literal)
        return (
            given
            or self.joins
            or self.waits_for_script
            or not _PLAIN.fullmatch(literal)
            or bool(_SIGN.fullmatch(literal))
            or self.before == "-I"
            or _takes_program(self.before)
            or any(map(_takes_program, _parts(literal)))
        )

    def take(self, item: str) -> None:
        """Go past a literal argument."""
        name = PurePath(item).name.removesuffix(".exe") or item
        if self.own_name:
            self.own_name = False
        elif self.waits_for_script and _is_script(self.before, item):
            self.waits_for_script = False
            # `sh -c SCRIPT sh ...`: what follows the text of a script is the name that it goes by.
            self.own_name = _takes_program(self.before)
        elif self.waits_for_command:
            self._look_for_command(item, name)
        elif name == "exec":
            self.waits_for_command, self.others = True, 1  # docker exec CONTAINER COMMAND
        else:
            self._named(name)
        self.before = item

    def _look_for_command(self, item: str, name: str) -> None:
        if item == "--" or item.startswith("-") or _WITH_VALUE.fullmatch(self.before):
            return
        if _NO_COMMAND.fullmatch(item):
            self.others = max(0, self.others - 1)
        elif self.others:
            self.others -= 1
        else:
            self.waits_for_script = item == "."
            self.others = int(bool(_RUNNER_BEHIND_ONE.fullmatch(name)))
            self.waits_for_command = bool(self.others or _RUNNER.fullmatch(name))
            self._named(name)

    def _named(self, name: str) -> None:
        self.joins = self.joins or bool(_JOINER.fullmatch(name))
        self.waits_for_script = self.waits_for_script or bool(_INTERPRETER.fullmatch(name))


def program_text(
    argv: Sequence[str], has_placeholder: Callable[[str], bool], literal: Callable[[str], str]
) -> str | None:
    """Return the first argument in which a value would be program text, or None.

    `has_placeholder` tells whether an argument takes a value,
    `literal` is the argument without its placeholders.
    """
    walk = _Walk()
    for item in argv:
        if not has_placeholder(item):
            walk.take(item)
        elif walk.is_program(literal(item)):
            return item
        else:
            walk.before, walk.own_name = "", False
    return None


def _parts(literal: str) -> list[str]:
    """Return the parts that may name an option: `--checkpoint-action=exec=` is of two."""
    first, *others = literal.split("=")
    return [first, *(f"--{other}" for other in others[:-1])]


def _is_script(before: str, item: str) -> bool:
    """Return whether a literal argument is the script of an interpreter,
    and not the value of an option like `-X utf8`.
    """
    if item.startswith(("-", "+")) or re.fullmatch(r"/[A-Za-z]", item):
        return False
    return _takes_program(before) or before in {"-m", "-f"} or bool(_SCRIPT.fullmatch(item))


def _takes_program(option: str) -> bool:
    return bool(_SHORT_OPTION.fullmatch(option) or _LONG_OPTION.fullmatch(option))
