"""The signs by which a line tells of failure, of work that goes on, of a warning, or of another line.

They are words and forms of the language, not names of programs. Single words are looked up in sets,
because a pattern of a hundred alternatives costs as much as all the rest of a reading.
"""

from __future__ import annotations

import re
from functools import lru_cache

from drain.fingerprints.prefilter import Prefiltered
from drain.fingerprints.words import letters, words

# Words that tell of a failure wherever they stand.
_TELLING = words(
    "cannot couldnt unable failed fail fails failure failures failing denied refused exceed exceeded exceeds exceeding invalid missing unexpected unknown"
    " unsupported unresolved expected abort aborted aborting abend abends abended exhausted undefined undeclared illegal reject rejected rejects unreachable unavailable unauthorized"
    " unauthorised forbidden killed evicted crash crashed crashes corrupt corrupted mismatch mismatched conflict conflicts conflicting conflicted broken terminated"
    " overflow blocked insufficient limit quota lost deadlock malformed bad wrong stale expired unbound disconnected abandoned stopped canceled cancelled halted"
    " panic panicked segmentation never lack lacks nil required impossible incompatible ambiguous duplicate unterminated unclosed differ differs"
)
# Words that tell of one together with others.
_BESIDE = words(
    "can could couldn not time timed timeout no does doesn did didn is isn already too out null attempt reset longer core went gave returned rc exit status errno signal code"
)
_PHRASES = re.compile(
    r"\b(?:can't|could ?n[o']t|not (?:found|find|valid|supported|available|permitted|possible|defined|exist|allowed|ready|authorized|responding|recogni[sz]ed|be|a|an|in|set|up)\b"
    r"|time[sd]? out|timeout\b(?!\s?=)|no (?:rule|\w{2,20} (?:for|in|found|with|on|was|available)|such|space|route|match\w*|more|permission|response|longer|field|module|file|free|memory|valid|available|element|default|implementation|method|member|data|value|results?|package)\b"
    r"|does ?n[o']t|did ?n[o']t|is ?n[o']t|already (?:exists|in use|running|locked)|too (?:many|large|long|big|few|old|short|small)|went away|gave up|reset by|core dumped|out of (?:memory|range|bounds|scope|space)|null pointer|attempt to|longer than"
    r"|returned -?[1-9]\d{0,2}\b(?! \w)|(?:rc|exit|status|errno|signal|code)\s?[=:]\s?-?[1-9])"
)
_STEMS = Prefiltered(
    r": \*\*\* \S|ABORT\b|[Ee](?:rror|RROR|xception|XCEPTION)s?(?![a-z])|(?<![Dd]e)[Ff](?:ault|AULT|atal|ATAL)s?(?![a-z])|[Vv]iolat|VIOLAT|\boom|OOM"
    # error and failed where a language joins its words
    r"|fehlgeschlagen|verweigert|abgelehnt|gescheitert|introuvable|rechazad|denegad|recusad|rifiutat|negato|[Kk]ein Speicherplatz|[Ff]ehler|[Ee]rreur"
)
# and where it has other letters
_STEMS_BEYOND_ASCII = Prefiltered(
    r"refusé|отказано|не удалось|[Нн]ет такого|[Éé]ch(?:ou|ec)|ошибк|ОШИБК"
    r"|拒绝|拒否|できません|見つかりません|エラー|失败|失敗|错误|錯誤|오류|しました"
)
# QUOTA_REACHED: a code that stands for a sentence.
_CODE = re.compile(r"[A-Z]{2}_[A-Z_]{2,40}:")
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>()`]+")


def says_failure(line: str) -> bool:
    """Return whether a line has a word for something that went wrong."""
    line = line[:1_000]
    if "://" in line:
        # What an address is called tells nothing of what happened there.
        line = _ADDRESS.sub(" ", line)
    lower = line.lower()
    told = letters(lower)
    if not _TELLING.isdisjoint(told):
        return True
    if not _BESIDE.isdisjoint(told) and _PHRASES.search(lower):
        return True
    return (
        bool(_STEMS.search(line))
        or ("_" in line and bool(_CODE.search(line)))
        or (not line.isascii() and bool(_STEMS_BEYOND_ASCII.search(line)))
    )


# Work that went well or goes on: never the cause, whatever words it holds.
_BEGINS_ROUTINE = re.compile(
    r"\s{0,12}(?:ok|PASS|✓|✔|√|\.+)(?:\s|$)|\[\s{0,3}\d{1,5}(?:/\d{1,5}|%)\]|-- |\s?[$>] (?:Task |[a-z./~][\w./-]*(?:\s|$))|\[command\]|(?:remote|Get|Hit|Ign)[:\d]"
    # Downloading wheels | Successfully installed: what is being done or was done, unless it is the failing
    r"|(?!(?:Failed|Expected|Unexpected|Aborted|Killed|Terminated|Rejected|Denied|Refused|Missing|missing|Exceeded|Stopped|Crashed|Cancelled|Unhandled|Undefined|Failing|String|string)\b)"
    r"(?:[A-Za-z][a-z]{2,14}ing|[A-Z][a-z]{2,14}ed) (?!to\b|by\b|at\b|in\b|out\b|that\b|because\b)(?![^:]{0,80}(?:[Ff]ail|[Ee]rror|not found|denied))"
)
_ROUTINE = Prefiltered(
    r"(?<![\w.])(?:0|no) (?:errors?|failures?|failed|problems)\b|\b(?:[Ee]rrors?|[Ff]ailures?|[Ff]ailed|exceptions?)(?:_count)?\s?[=:]\s?0\b"
    r"|\b(?:PASSED|SKIPPED|XPASS|XFAIL|XPASSED|UP-TO-DATE)\b|\.\.\. ?ok$|\b(?:Passed|OK)\s{1,4}\d[\d.]* ?s(?:ec)?$|\[\s{0,3}\d{1,3}%\]\s{0,4}$"
    r"|\b[Ss]uccess(?:ful|fully)?\b|\b(?:retrying|will retry|is now|is up|is ready)\b"
)
# Without one of these none of them is there: what nothing counted goes wrong with, or what went well.
_ROUTINE_TOLD = words(
    "success successful successfully passed skipped xpass xfail xpassed date retrying retry now up ready ok"
)
_ROUTINE_COUNTED = words("error errors failure failures failed problems exception exceptions count")
# Tests run: 5, Failures: 0, Errors: 1
_COUNTED = re.compile(
    r"\b(?:[Ee]rrors?|[Ff]ailures?|[Ff]ailed)\s?[=:]\s?[1-9]|\b[1-9]\d{0,6} (?:errors?|failures?|failed|failing)\b"
)
_UNSUCCESSFUL = re.compile(r"\b(?:not|un|without)\b.{0,30}success", re.IGNORECASE)


@lru_cache(maxsize=4096)
def is_routine(line: str) -> bool:
    """Return whether a line says that work went well or goes on."""
    line = line[:400]
    if _BEGINS_ROUTINE.match(line):
        return True
    told = letters(line.lower())
    counted = ("0" in line or "no" in told) and not _ROUTINE_COUNTED.isdisjoint(told)
    if not counted and _ROUTINE_TOLD.isdisjoint(told) and "%]" not in line:
        return False
    return (
        bool(_ROUTINE.search(line)) and not _UNSUCCESSFUL.search(line) and not _COUNTED.search(line)
    )


def ends_in_failure(line: str) -> bool:
    """Return whether a line names an action and, behind a colon, its failure."""
    _, colon, end = line[:400].rpartition(": ")
    return bool(colon) and says_failure(end) and not _ROUTINE.search(line[:400])


# What explains, advises or points at something else.
_ASIDE = re.compile(
    r"\s{0,12}(?:= )?(?:(?:DETAIL|HINT|STATEMENT|LOCATION|QUERY|CONTEXT|note|help|hint|tip|Hint|Note|Tip|Help|NOTE|See also|See|For more|For further|To see|To re-?run|Run with|Try|Please|Make sure|Did you|If you|Call log|Complete log|A complete log|Background on|Note that)\b"
    r"|--- (?:STD|std)\w{3}\b|\(Background on|\[SQL: |\[parameters: |-> \[Help|\* Try|\+ |> Run with|https?://|Re-run|[\w.]{1,30} --help)"
)
_WARNING = re.compile(
    r"^\s{0,12}(?:\w{1,12} )?(?:warn(?:ing)?\b|deprecat|WARN)|^\S{1,200}: warning\b|^\S{1,200} warning:|\bWARN(?:ING)?\b[\s:|\]]|\w{1,60}Warning: ",
    re.IGNORECASE,
)


def is_aside(line: str) -> bool:
    """Return whether a line explains another one or gives advice."""
    return bool(_ASIDE.match(line))


# What is done after a failure: clearing up, reporting, telling people.
_AFTERMATH = Prefiltered(
    r"\b(?:clean(?:ing)?[- ]?up|tear(?:ing)? ?down|temp(?:orary)? (?:dir\w*|folder|files?)|(?:upload|publish)\w*(?: of)?[^:]{0,30}\b(?:coverage|reports?|summary|logs?)|notify\w*|notification|post[- ]?(?:build|job|step|run))\b"
)


def is_aftermath(line: str) -> bool:
    """Return whether a line belongs to the clean-up after a failure, which may fail itself."""
    return bool(_AFTERMATH.search(line[:300].lower()))


# A failure of which the line itself says that work goes on.
_GOES_ON = Prefiltered(
    r"\b(?:(?:going|carrying) on|continuing(?! is)|ignored in\b|ignoring\b|optional (?:file|step|module|dependency)|falling back|non-?fatal|not fatal)\b"
)


def goes_on(line: str) -> bool:
    """Return whether a line tells of a failure and that it does not matter."""
    return bool(_GOES_ON.search(line[:400].lower()))


def is_warning(line: str) -> bool:
    """Return whether a line calls itself a warning."""
    return ("arn" in line or "ARN" in line or "eprecat" in line) and bool(
        _WARNING.search(line[:300])
    )
