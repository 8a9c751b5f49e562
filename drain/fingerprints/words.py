"""Which words of a line are its own: what is left when the words for "something failed" are taken away.

The vocabulary is that of failing as such (a process, a step, a test; failed, exited, returned; an error
here or there), in the languages that compilers and databases speak. It holds no program's name.
"""

from __future__ import annotations

import re
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What can fail, and who can say so.
_RUNNERS = _words(
    "command commands process processes subprocess script scripts program job jobs task tasks step steps stage phase build builds test tests"
    " suite suites spec specs example examples run runs execution executable operation action target targets goal hook child worker workflow pipeline"
    " op operator flow dag notebook recipe rule lifecycle attempt attempts invocation project shell bash sh service unit main"
)
_FAILING = _words(
    "failed fail fails failure failures failing error errors errored exception exceptions exited exit exits exiting terminated aborted abort aborting"
    " stopped returned return returns ended completed complete halted broke broken crashed unsuccessful unsuccessfully successfully successful"
    " nonzero zero non status code codes state result results reason occurred occured encountered detected raised threw thrown caught unexpected"
    " unexpectedly unhandled uncaught fatal err failed_ stop stopping"
    # error and failed in German, French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish, Turkish, Russian
    " fehler fehlgeschlagen erreur erreurs échec errores fallo erro erros falha errore errori fout fouten błąd błędy fel hata ошибка ошибки"
)
_FILLERS = _words(
    "the an this that these those there it its and or but not no due because after before by as please check see try again rerun with without for from of in"
    " into on at to is are was were has have had been be being while during when if then than so did does do will would could can cannot may might must should"
    " all any some one two other another last first next following previous above below more most only just also via per out up off over"
    " log logs output outputs detail details report reports information info message messages trace stacktrace stack traceback backtrace debug full path"
    " executing execute executed running line lines while you your we our use using issue issues"
)
# What follows these letters changes or is a name of something; the words around it tell.
_NOT_WORDS = re.compile(
    r"\"[^\"\s]{0,200}\"|'[^'\s]{0,200}'|`[^`'\s]{0,200}[`']|\S*[\d/\\=@<>_]\S*|\b\w+(?:[.:]\w+)+"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4,}")
# A rule drawn across the page.
RULE = re.compile(r"^[\s=_*~#+.\u2500-\u257f\u23af-]{3,}$")
# 3 errors generated, 1 failed: a line that counts failures tells of none.
_COUNT = re.compile(
    r"(?<![\w.#])\d{1,7} (?:\w{1,20} )?(?:errors?|failures?|failed|failing|fails?|tests?|examples?|specs?|problems?|pass(?:ed|ing)?|pending|skipped|assertions?)\b"
    r"|\b(?:errors?|failures?|failed|tests)\s?[:=]\s{0,8}\d",
    re.IGNORECASE,
)
_EXIT = re.compile(
    r"\b(?:exit(?:ed|s)?|return(?:ed|s|code)?|status|code|rc|terminated|errorlevel)\b[^.;]{0,60}?-?\b\d{1,10}\b|\b(?:non-?zero|did not (?:run|complete) successfully)\b"
    r"|^[\w./-]{1,40}(?:\[\d+\])?: \*\*\* .{0,300} \d{1,3}$",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def own_words(text: str) -> int:
    """How many words of a line's beginning say more than that something failed."""
    text = text[:600]
    bare = _NOT_WORDS.sub(" ", text)
    words = [word for word in _WORD.findall(bare.lower()) if not _is_common(word)]
    # A script without spaces writes a sentence as one word.
    return len(words) + sum(2 for word in words if _NO_SPACES.search(word))


def _is_common(word: str) -> bool:
    return word in _FAILING or word in _FILLERS or word in _RUNNERS


def counts_failures(line: str) -> bool:
    """Whether a line counts tests or errors instead of telling of one."""
    return bool(_COUNT.search(line))


@lru_cache(maxsize=4096)
def is_wrapper(text: str) -> bool:
    """Whether a line only says that something else failed: who ran, that it failed, with which status."""
    text = text[:600]
    words = _WORD.findall(_NOT_WORDS.sub(" ", text).lower())
    failing = [word for word in words if word in _FAILING]
    counts = bool(_COUNT.search(text))
    exits = bool(_EXIT.search(text))
    if not (failing or counts or exits):
        return False
    own = sum(not _is_common(word) for word in words)
    if counts or exits:
        return own < 3 or own * 3 < len(words)
    runner = any(word in _RUNNERS for word in words)
    return (own < 2 and (runner or not own)) or (runner and own * 3 <= len(words) and own < 3)


# A line with one of these may tell of a failure; all others are told from progress only by their level.
FAILURE = re.compile(
    r"\b(?:cannot|can't|could ?n[o']t|couldn't|unable|not (?:found|find|valid|supported|available|permitted|possible|defined|exist|allowed|ready|authorized|responding|recogni[sz]ed|be|a|an|in|set|up)\b|failed|fail(?:s|ure|ures|ing)?\b|denied|refused|time[sd]? ?out|exceed(?:ed|s|ing)?|invalid|missing|unexpected"
    r"|unknown|unsupported|unresolved|expected|abort(?:ed|ing)?|exhausted|undefined|undeclared|illegal|reject(?:ed|s)?|unreachable|unavailable|unauthori[sz]ed|forbidden|killed|evicted|crash(?:ed|es)?|corrupt(?:ed)?|mismatch(?:ed)?|conflict(?:s|ing|ed)?"
    r"|broken|no (?:\w{2,20} (?:to|for|in|found|with|on|was|available)|such|space|route|match\w*|more|permission|response|longer|field|module|file|free|memory|valid|available|element|default|implementation|method|member|data|value|results?|package)|does ?n[o']t|doesn't|did ?n[o']t|didn't|is ?n[o']t|isn't|already (?:exists|in use|running|locked)|terminated|too (?:many|large|long|big|few|old|short|small)|overflow|blocked|insufficient|limit|quota|lost|deadlock|violat\w+|malformed|bad|wrong|stale|expired|unbound"
    r"|disconnected|abandoned|went away|gave up|reset by|stopped|cancell?ed|halted|panic(?:ked)?|segmentation|core dumped|oom\w*|out of (?:memory|range|bounds|scope|space)|never|lacks?|nil|null pointer|attempt to|required|impossible|incompatible|ambiguous|duplicate|unterminated|unclosed|differs?|longer than)\b"
    r"|\b(?:\w{0,60}(?:error|exception|(?<!de)fault|fatal))s?\b|fehler|erreur|ошибк|エラー|失败|失敗|错误|錯誤|오류|échou|échec|しました"
    r"|: \*\*\* \S|\breturned -?[1-9]\d{0,2}\b(?! \w)|\w*ABORT\b|\b(?:rc|exit|status|errno|signal|code)\s?[=:]\s?-?[1-9]|[A-Z]{2,}_[A-Z_]{2,}:",
    re.IGNORECASE,
)
# Without one of these words or stems no alternative above can match; most lines have none.
_LETTERS = re.compile(r"[a-z]+")
_TRIGGERS = _words(
    "cannot can could couldn unable not failed fail fails failure failures failing denied refused time timed timeout exceed exceeded exceeds exceeding invalid missing"
    " unexpected unknown unsupported unresolved expected abort aborted aborting exhausted undefined undeclared illegal reject rejected rejects unreachable unavailable"
    " unauthorized unauthorised forbidden killed evicted crash crashed crashes corrupt corrupted mismatch mismatched conflict conflicts conflicting conflicted broken no"
    " does doesn did didn is isn already terminated too overflow blocked insufficient limit quota lost deadlock malformed bad wrong stale expired unbound disconnected reset abandoned went gave returned"
    " stopped canceled cancelled halted panic panicked segmentation core out never lack lacks nil null attempt required impossible incompatible ambiguous duplicate"
    " unterminated unclosed differ differs longer rc exit status errno signal code"
)
_STEMS = re.compile(
    r"\*\*\*|ABORT|[Ee](?:rror|RROR|xception|XCEPTION|rreur)|[Ff](?:ault|AULT|atal|ATAL|ehler)|[Vv]iolat|VIOLAT|[Oo][Oo][Mm]|[A-Z]_[A-Z_]{2}"
)
# Work that went well or goes on: never the cause, whatever words it holds.
_ROUTINE = re.compile(
    r"(?<![\w.])(?:0|no) (?:errors?|failures?|failed|problems)\b|\b(?:errors?|failures?|failed|exceptions?)(?:_count)?\s?[=:]\s?0\b"
    r"|\b(?:PASSED|SKIPPED|XPASS|XFAIL|XPASSED|UP-TO-DATE)\b|\.\.\. ?ok$|\b(?:Passed|OK)\s{1,4}\d[\d.]* ?s(?:ec)?$|^\s{0,12}(?:ok|PASS|✓|✔|√|\.+)(?:\s|$)|\[\s{0,3}\d{1,3}%\]\s{0,4}$|^\[\s{0,3}\d{1,5}(?:/\d{1,5}|%)\]|^-- |^[$>] \S"
    r"|^(?!(?:Failed|Expected|Unexpected|Aborted|Killed|Terminated|Rejected|Denied|Refused|Missing|missing|Exceeded|Stopped|Crashed|Cancelled|Unhandled|Undefined|Failing|String|string)\b)(?:[A-Za-z][a-z]{2,14}ing|[A-Z][a-z]{2,14}ed) (?!to\b|by\b|at\b|in\b|out\b|that\b|because\b)(?![^:]{0,80}(?:[Ff]ail|[Ee]rror|not found|denied))|^(?:remote|Get|Hit|Ign)[:\d]"
    r"|\b[Ss]uccess(?:ful|fully)?\b(?<!not successful)|\b(?:retrying|will retry|is now|is up|is ready)\b",
)
_UNSUCCESSFUL = re.compile(r"\b(?:not|un|without)\b.{0,30}success", re.IGNORECASE)


@lru_cache(maxsize=4096)
def is_routine(line: str) -> bool:
    """Whether a line tells that work went well or goes on."""
    found = _ROUTINE.search(line[:400])
    return bool(found) and not _UNSUCCESSFUL.search(line[:400])


def says_failure(line: str) -> bool:
    """Whether a line has a word for something that went wrong."""
    line = line[:1_000]
    if (
        line.isascii()
        and _TRIGGERS.isdisjoint(_LETTERS.findall(line.lower()))
        and not _STEMS.search(line)
    ):
        return False
    return bool(FAILURE.search(line))


# What explains, advises or points at something else.
_ASIDE = re.compile(
    r"^\s{0,12}(?:DETAIL|HINT|STATEMENT|LOCATION|QUERY|CONTEXT|note|help|hint|tip|Hint|Note|Tip|Help|NOTE|See also|See|For more|For further|To see|To re-?run|Run with|Try|Please|Make sure|Did you|If you|Call log|Complete log|A complete log|Background on|Note that|In Gemfile)\b"
    r"|^\s{0,12}(?:--- (?:STD|std)\w{3}\b|\(Background on|\[SQL: |\[parameters: |-> \[Help|\* Try|\+ |> Run with|https?://|Re-run|[\w.]{1,30} --help)",
)
_WARNING = re.compile(
    r"^\s{0,12}(?:\w{1,12} )?(?:warn(?:ing)?\b|deprecat|WARN)|^\S{1,200}: warning\b|^\S{1,200} warning:|\bWARN(?:ING)?\b[\s:|\]]|\w{1,60}Warning: ",
    re.IGNORECASE,
)


def is_aside(line: str) -> bool:
    """Whether a line explains another one or says what to do."""
    return bool(_ASIDE.match(line))


def is_warning(line: str) -> bool:
    """Whether a line calls itself a warning."""
    return ("arn" in line or "ARN" in line or "eprecat" in line) and bool(
        _WARNING.search(line[:300])
    )
