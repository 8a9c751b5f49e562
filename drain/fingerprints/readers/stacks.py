"""Reads stacks of ``at`` lines: JavaScript, Java and its kin, .NET."""

from __future__ import annotations

import re

from drain.fingerprints.model import Failure
from drain.fingerprints.words import is_wrapper

# An indented "at", a call, and where it is; JavaScript, the JVM and .NET each in their own way.
_FRAME = re.compile(r"^[ \t]+at (?:async )?(?:new )?(\S.{0,400})$", re.MULTILINE)
_ERROR = re.compile(
    r"^(?:Uncaught |Unhandled |\(node:\d+\) |Caused(?: by)?: |Exception in thread \"[^\"\n]{0,100}\" |Unhandled exception\. |\[cause\]: )*"
    r"((?:[A-Za-z_$][\w$]{0,80}[./]){0,12}[A-Za-z_$][\w$]{0,80}(?:Error|Exception|Throwable|Warning|Failure|Fault|Rejection|Interrupt|Abort|Timeout|Death)"
    r"|java\.lang\.\w{1,60}|Error)"
    r"(?: \[(\w{1,60})\])?(?::[ ]?(.*))?$"
)
_LIBRARY_PATH = re.compile(
    r"^(?:node:|internal/|<anonymous>|native)|\(native\)|[\\/]node_modules[\\/]|^(?:bootstrap_node|module|events|net|fs)\.js"
)
_LIBRARY_CLASS = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|akka|groovy|org\.(?:springframework|junit|apache|gradle|hibernate|postgresql|eclipse|codehaus|testng|slf4j|jboss)"
    r"|com\.(?:zaxxer|mysql|fasterxml|google\.common)|io\.(?:netty|grpc|reactivex)|reactor|Promise|System|Microsoft|app//org\.junit|java\.base/\w+)[.\w]*[./]"
)
_ANONYMOUS = ("<anonymous", "eval")
_LOOK_BACK = 60


def is_frame(line: str) -> bool:
    """Return whether a line is a frame that begins with ``at``."""
    return bool(_FRAME.match(line))


def read_stack(text: str) -> tuple[Failure, int] | None:
    """The error above the first stack of ``at`` lines, and how many lines above; None without one."""
    first = _FRAME.search(text)
    if not first:
        return None
    head = _error_above(text, first.start())
    if head is None:
        return None
    kind, message, above = head
    function = _own_function(text, first.start())
    root = _root_cause(text, first.start())
    return Failure(kind, message, function, *root), above


def _error_above(text: str, end: int) -> tuple[str, str, int] | None:
    """Type and message of the nearest line above ``end`` that names an error, and how far above."""
    lines = text[max(0, end - 8_000) : end].removesuffix("\n").split("\n")[-_LOOK_BACK:]
    for index in range(len(lines) - 1, -1, -1):
        found = _ERROR.match(lines[index].strip())
        if found:
            kind, code, message = found.groups()
            message = (message or "").rstrip(":")
            if not message or is_wrapper(message):
                message = f"{message} {_next_line(lines, index)}".strip()
            return _kind(kind, code), message, len(lines) - index
    return None


def _next_line(lines: list[str], index: int) -> str:
    return next(
        (
            line.strip()
            for line in lines[index + 1 :]
            if line.strip() and not line.rstrip().endswith("stacktrace:")
        ),
        "",
    )


def _kind(kind: str, code: str | None) -> str:
    short = re.split(r"[./]", kind)[-1]
    return short if not code or short.endswith(code) else f"{short} {code}"


def _own_function(text: str, start: int) -> str:
    """The innermost call in own code; else the innermost in a package, else empty."""
    fallback = ""
    for number, frame in enumerate(_FRAME.finditer(text, start)):
        if number > 100:
            break
        name, own = _call(frame.group(1).rstrip(" {"))
        if name and own:
            return name
        fallback = fallback or (name if own is None else "")
    return fallback


def _call(frame: str) -> tuple[str, bool | None]:
    """``(name, own)``; own is None for an installed package's call and False for the runtime's."""
    call, path = _split_place(frame)
    if path:
        return _js_call(call, path)
    name = frame.partition("(")[0].strip()
    if "." not in name:
        return "", False
    parts = re.split(r"[./]", name)
    return ".".join(parts[-2:]), not _LIBRARY_CLASS.match(name)


def _split_place(frame: str) -> tuple[str, str]:
    """Call and path of ``call (path:line:column)`` or a bare ``path:line:column``; else no path."""
    call, _, place = frame.rpartition("(")
    place = place.removesuffix(")")
    path, _, numbers = place.rpartition(":")
    path, _, line = path.rpartition(":")
    if numbers.isdigit() and line.isdigit():
        return call, path
    return (call, place) if place in ("<anonymous>", "native") else (frame, "")


def _js_call(call: str, path: str) -> tuple[str, bool | None]:
    name = call.partition(" [as ")[0].strip().rpartition(".")[2]
    if not name or name.startswith(_ANONYMOUS):
        name = path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    if not _LIBRARY_PATH.search(path):
        return name, True
    return name, None if "node_modules" in path else False


def _root_cause(text: str, start: int) -> tuple[str, str]:
    """Type and message of the last ``Caused by`` of the JVM or ``[cause]`` of Node."""
    at = max(text.rfind("\nCaused by: ", start), text.rfind("[cause]: ", start))
    if at < 0:
        return "", ""
    line = text[at:].lstrip("\n").partition("\n")[0]
    found = _ERROR.match(line.rstrip(" {"))
    return (_kind(found.group(1), found.group(2)), found.group(3) or "") if found else ("", "")
