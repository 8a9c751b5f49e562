"""Takes one line apart: the compiler's place, the program's name, the code, and what it introduces."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from drain.fingerprints.model import Failure
from drain.fingerprints.readers.paragraphs import (
    PARAGRAPH_LINES,
    paragraph,
    with_what_it_introduces,
)
from drain.fingerprints.readers.python import typed_line
from drain.fingerprints.words import own_words

# place: word: text, whatever the language of the word; src/a.c:7:5: | Cart.cs(19,6): | file "a.ml", line 3
_PLACE = re.compile(
    r"\s{0,8}(?:[a-z]: )?(?:file://)?(?:-->\s)?(?P<path>[A-Za-z]:[\\/][^:*?\"<>|\n]{1,300}\.\w{1,8}|[\w./\\@+~-]{1,300}\.\w{1,8}|[\w./\\@+~-]{0,200}\b[A-Z]\w{3,20}file)"
    r"(?P<at>:\d{1,7}(?::\d{1,7})?(?:-\d+)?:?|\(\d{1,7}(?:,\d{1,7})*\):?|:\[\d{1,7},\d{1,7}\]|: line \d{1,7}:?|, line \d{1,7}[^:]{0,30}:)\s{0,4}(?:-\s)?(?P<rest>\S.*)$"
)
_SHELL = re.compile(
    r"(?:[\w./-]{0,60}\bsh: \d{1,7}: |(?:[\w./\\@+~-]{1,200}: )?line \d{1,7}: )(?P<rest>\S.*)$"
)
_WORD = re.compile(
    r"(?P<word>[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?)(?: (?P<code>[A-Z]{1,8}\d{2,6}))? ?: ?(?:\[(?P<tag>[A-Z]{1,5}-?\d{2,7})\] ?)?(?P<text>.*)$"
)
_MILD = re.compile(
    r"(?:warn|avertissement|attention|advert|aviso|предупреж|note|nota|info|hint|hinweis|remar|подсказ|help|waarsch|debug|uwaga|警告|経告|style|convention)",
    re.IGNORECASE,
)
_ERROR_WORD = re.compile(
    r"(?:\w+ )?(?:error|fatal|fehler|erreur|errore|erro|fout|ошибка|błąd|hata|fel|エラー|错误|錯誤)(?: \w+)?\Z",
    re.IGNORECASE,
)
# error[E0308]: mismatched types | src/a.py:3:8: F401 [*] `os` imported
_CODED_ERROR = re.compile(r"error\[(\w{1,10})\]: (.*)$")
_LINT = re.compile(r"(?P<code>[A-Z]{1,8}\d{2,5}):? (?:\[\*\] )?(?P<text>.*)$")
#   3:7  error  'y' is never used  no-unused-vars: a table below the name of the file
_TABLED = re.compile(r"\s{1,8}\d{1,6}:\d{1,5}\s{1,4}(?:error|✖|×)\s{1,4}(\S.{0,600})$")
# CMake Error at CMakeLists.txt:3 (find_package): the text is the paragraph below
_AT = re.compile(
    r"(?P<kind>[A-Z]\w{1,20} Error)(?: at (?P<path>[\w./\\-]{1,300})(?::\d+)?(?: \((?P<f>\w{1,60})\))?)?:\s*(?P<text>.*)$"
)
# npm repeats its name and level on every line of one report, which makes them no line's own.
_NPM_CODE = re.compile(r"npm (?:ERR!|error) code ([A-Z][A-Z0-9_]{1,40})\b")
_NPM_TEXT = re.compile(
    r"npm (?:ERR!|error) (?!code |errno |path |syscall |A complete|\s*$)(?:\d{3} )?(.*)"
)
_RUBY = re.compile(r"\s{0,8}(\S{1,300}\.rb):\d+:in [`']([^'\n]{1,200})': (.*) \((\w[\w:]{0,80})\)$")
# What the forms here make of a line, read back; and codes that stand first: ERR_PNPM_OUTDATED, ORA-00942
_CODED = re.compile(
    r"\s?(?P<code>[A-Z]{1,4}\d{3,6}|npm E[A-Z0-9]{3,30}|[A-Z]\w{1,20} Error|panic|[A-Z]{2,8}-\d{3,6}): (?P<text>.*)$"
)
_LEAD = re.compile(
    r"^(?:(?:\[?(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ALERT)\]?(?:/[\w-]{1,40})?[\s|:>\]~-]{1,8}|(?:[Ee]rror|[Ff]atal|[Ff]ailed|[Ee]merg|panic)(?: [Ee]rror)?[:!]\s{1,4}|\*\* ?|==\d+==|\W{1,3}\s)(?=\S)(?![\d<]))+"
)
_PROGRAM = re.compile(r"^[\w./+-]{1,60}(?:\.exe)?(?:\[\d+\])?(?: ?:) (?=\S)")
# An error in the middle of a sentence (there was an error while ..) names nothing.
# error: | [emerg] | program: fatal: | Fortran runtime error: | ERR_CODE_IN_CAPITALS | (error) | ОШИБКА:
_NAMED = re.compile(
    r"\s{0,8}(?:[\w./+-]{1,60}: )?(?:\[?(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|emerg|crit|alert|error|fatal)\]?|[Ee]rror|[Ff]atal|panic|E)(?: [Ee]rror)?(?:\[\w{1,10}\])?[:!\]]"
    r"|(?:error|fatal|ERROR|FATAL|Error) \S|(?:(?!(?:an?|the|this|that|no|any|some) )\w{2,20} ){1,3}(?:error|ERR!|Error)[: ]|\s{0,8}[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:\s|:|$)|CONFLICT \(|\([\w.]{1,40}\) |[^\W\d_A-Za-z]{3,20}: |Segmentation fault|Killed\b|(?:Error|Failure) in \S"
)
# The same further inside a line; each is looked for as a word first.
_NAMED_WITHIN = re.compile(
    r"\b(?:ERROR|FATAL|PANIC):\s{1,3}\S|\bU(?:ncaught|nhandled) |\bORA-\d{5}|SQLSTATE|undefined reference|core dumped|Out of memory: ?Kill|\bpanic\b"
)
_WITHIN = (
    "ERROR",
    "FATAL",
    "PANIC",
    "ncaught",
    "nhandled",
    "ORA-",
    "SQLSTATE",
    "undefined ref",
    "dumped",
    "Out of",
    "panic",
)


@lru_cache(maxsize=4096)
def is_diagnostic(line: str) -> bool:
    """Return whether a line is a compiler's diagnostic: a place in a file, then the fault there."""
    if _TABLED.match(line) or _CODED_ERROR.match(line):
        return True
    found = _PLACE.match(line)
    # a.rb:3:in `total': where it was, not what is wrong there.
    if not found or len(found["rest"]) < 4 or found["rest"].startswith(("in `", "in '")):
        return False
    word = _WORD.match(found["rest"])
    if word:
        return not _MILD.match(word["word"]) and bool(
            _ERROR_WORD.match(word["word"]) or _is_exact(found["at"])
        )
    return bool(_LINT.match(found["rest"])) or (
        _is_exact(found["at"]) and own_words(found["rest"]) > 1
    )


def _is_exact(at: str) -> bool:
    """Return whether a place names line and column: then no word needs to call it an error."""
    return at.count(":") >= 2 or "[" in at


def is_named_error(line: str) -> bool:
    """Return whether a line is led by a word or a program that calls it an error."""
    if _NAMED.match(line) or (_PROGRAM.match(line) and own_words(line) > 1):
        return True
    return any(word in line for word in _WITHIN) and bool(_NAMED_WITHIN.search(line))


_COLUMNS = re.compile(r"\s{2,}")
_PROJECT = re.compile(r"\s\[[^\]\[]{1,300}proj\]$")
_REPEATED = re.compile(r"^\s{0,8}\w{2,20} (?:error|ERR!|Error)[: ]\s{0,4}")


@lru_cache(maxsize=4096)
def without_lead(line: str) -> str:
    """A line without the words that merely call it an error."""
    return _REPEATED.sub("", _LEAD.sub("", line, count=1), count=1)


@lru_cache(maxsize=4096)
def without_program(line: str) -> str:
    """A line without the name of the program that speaks, and without a word that calls it an error."""
    return _PROGRAM.sub("", without_lead(line), count=1)


def take_apart(lines: list[str], index: int, *, named: bool = False) -> Failure:
    """The failure that the line at ``index`` tells of, with what belongs to it below."""
    line = lines[index].strip()
    for pattern, form in _FORMS:
        found = pattern.match(line if pattern is not _TABLED else lines[index])
        if found:
            failure = form(found, lines, index)
            if failure:
                return failure
    row = _last_column(line)
    if row:
        return Failure("", row)
    line, place = _without_place(_LEAD.sub("", line, count=1))
    below = lines[index + 1 : index + 8]
    typed = typed_line(line, "\n" + "\n".join(below))
    if typed and typed.message:
        message = typed.message
        if message.endswith(":"):
            message = with_what_it_introduces(message, lines, index)
        return Failure(typed.type, message, place)
    message = with_what_it_introduces("" if typed else line, lines, index)
    return Failure(typed.type if typed else "", message, place)


# in /srv/app/index.php:12 | in /srv/index.php on line 7 | at scripts/add.pl line 13.
_AT_THE_END = re.compile(
    r" (?:at|in|on) (?P<path>[^\s()]{1,300}\.\w{1,5})(?::\d{1,7}|(?: on)? line \d{1,7})\.?$"
)
# Error in library(ggplot2) : there is no .. - R names the call before the message.
_IN_CALL = re.compile(r"(?:Error )?in (?P<f>[\w.]{1,60})(?:\(.{0,200}\))? ?: (?=\S)")


def _without_place(line: str) -> tuple[str, str]:
    """A message without the place named at its end or before it, and that place."""
    found = _AT_THE_END.search(line)
    if found:
        return line[: found.start()], _file(found["path"])
    found = _IN_CALL.match(line)
    return (line[found.end() :], found["f"]) if found else (line, "")


def _last_column(line: str) -> str:
    """The last column of a table's row, where the message stands; empty for other lines."""
    if not _COLUMNS.search(line):
        return ""
    columns = [column for column in _COLUMNS.split(line.strip()) if column]
    return columns[-1] if len(columns) >= 4 and own_words(columns[-1]) > 1 else ""


def _at(found: re.Match[str], lines: list[str], index: int) -> Failure:
    message = found["text"] or paragraph(lines[index + 1 : index + 1 + PARAGRAPH_LINES])
    return Failure(found["kind"], message, found["f"] or "", hint="build" if found["path"] else "")


def _npm(found: re.Match[str], lines: list[str], index: int) -> Failure:
    below = lines[index + 1 : index + 1 + PARAGRAPH_LINES]
    texts = (_NPM_TEXT.match(line) for line in below)
    return Failure(f"npm {found.group(1)}", next((text.group(1) for text in texts if text), ""))


def _place(found: re.Match[str], lines: list[str], index: int) -> Failure | None:
    rest, path = found["rest"], _file(found["path"])
    if not is_diagnostic(lines[index]):
        return None
    word = _WORD.match(rest)
    lint = _LINT.match(rest)
    kind, text = "error", rest
    if word and (_ERROR_WORD.match(word["word"]) or word["code"]):
        kind, text = word["code"] or word["tag"] or "error", word["text"]
    elif lint:
        kind, text = lint["code"], lint["text"]
    # MSBuild and Visual C++ add the project in brackets at the end.
    text = _PROJECT.sub("", text)
    return Failure(kind, with_what_it_introduces(text, lines, index), path, hint="build")


def _shell(found: re.Match[str], _lines: list[str], _index: int) -> Failure:
    return Failure("", found["rest"])


def _tabled(found: re.Match[str], _lines: list[str], _index: int) -> Failure:
    return Failure("", _COLUMNS.sub("  ", found[1]), hint="build")


def _coded_error(found: re.Match[str], _lines: list[str], _index: int) -> Failure:
    return Failure(found[1], found[2], hint="build")


def _ruby(found: re.Match[str], _lines: list[str], _index: int) -> Failure:
    path, function, message, kind = found.groups()
    # Ruby 3.4 quotes with two straight marks, calls nil by itself and puts the class before the method.
    message = re.sub(r"`([^`']{1,200})'", r"'\1'", message).replace("nil:NilClass", "nil")
    return Failure(
        kind,
        message,
        f"{_file(path).removesuffix('.rb')}.{function.rpartition('#')[2].rpartition(' ')[2]}",
    )


def _coded(found: re.Match[str], _lines: list[str], _index: int) -> Failure:
    return Failure(found["code"], found["text"])


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


_Form = Callable[[re.Match[str], list[str], int], "Failure | None"]
_FORMS: tuple[tuple[re.Pattern[str], _Form], ...] = (
    (_RUBY, _ruby),
    (_AT, _at),
    (_NPM_CODE, _npm),
    (_TABLED, _tabled),
    (_SHELL, _shell),
    (_PLACE, _place),
    (_CODED_ERROR, _coded_error),
    (_CODED, _coded),
)
