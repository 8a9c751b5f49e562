"""A line's own words: the rest when the words for "something failed" are taken away.

The vocabulary is that of failing as such (a process, a step, a test; failed, exited, returned; an error
here or there), in the languages that compilers and databases speak. It holds no program's name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_lowercase


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


# What can fail, and who can say so.
_RUNNERS = words(
    "command commands process processes subprocess script scripts program job jobs task tasks step steps stage phase build builds test tests"
    " suite suites spec specs example examples run runs execution executable operation action target targets goal hook child worker workflow pipeline"
    " op operator flow dag notebook recipe rule lifecycle attempt attempts invocation project shell bash sh service unit main"
    # command, process, task, step in German, French, Spanish, Portuguese, Italian, Russian
    " befehl kommando prozess aufgabe auftrag schritt skript ausführung commande processus tâche étape comando proceso tarea paso processo tarefa etapa attività"
    " passo команда команды процесс задача задание шаг скрипт"
)
_FAILING = words(
    "failed fail fails failure failures failing error errors errored exception exceptions exited exit exits exiting terminated aborted abort aborting"
    " stopped returned return returns ended completed complete halted broke broken crashed unsuccessful unsuccessfully successfully successful"
    " nonzero zero non status code codes state result results reason occurred occured encountered detected raised threw thrown caught unexpected"
    " unexpectedly unhandled uncaught fatal err stop stopping warning warnings emitted generated finished finishing final overall summary marked aborting went wrong"
    # error and failed in German, French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish, Turkish,
    # Russian and ended, returned, with code beside them
    " beendet gescheitert abgebrochen rückgabewert rückgabecode exitcode statuscode échoué échoue terminé terminée retourné renvoyé statut état falló fallado terminó"
    " terminado devolvió salió salida código estado falhou terminou retornou saiu saída fallito terminato restituito uscita codice stato завершилась завершился"
    " завершена завершено вернула вернул код кодом возврата статусом неудачей сбой"
    " fehler fehlgeschlagen erreur erreurs échec errores fallo erro erros falha errore errori fout fouten błąd błędy fel hata ошибка ошибки"
)
_FILLERS = words(
    "the an this that these those there it its and or but not no due because after before by as please check see try again rerun with without for from of in"
    " into on at to is are was were has have had been be being while during when if then than so did does do will would could can cannot may might must should"
    " all any some one two other another last first next following previous above below more most only just also via per out up off over"
    " log logs output outputs detail details report reports information info message messages trace stacktrace stack traceback backtrace debug full path"
    " der die das den dem ein eine mit und ist wurde wird bei von zu la le les une des du avec par est été el los las con del se ha uma com do da foi il lo gli della при"
    " executing execute executed running line lines while you your we our use using issue issues"
)
_COMMON = _RUNNERS | _FAILING | _FILLERS
# What follows these letters changes or is a name of something; the words around it tell.
_NOT_WORDS = re.compile(
    r"\"[^\"\s]{0,200}\"|'[^'\s]{0,200}'|`[^`'\s]{0,200}[`']|\S*[\d/\\=@<>_]\S*|\b\w+(?:(?:[.:]|::)\w+)+"
)
# What stands in a token with one of these goes with it, unless a quotation parts it.
_CHANGES = re.compile(r"[\d/\\=@<>_]")
_QUOTED = frozenset("\"'`")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4,}")
# The same in scripts without spaces, where a sentence is one word.
_COMMON_SIGNS = re.compile(
    r"コマンド|プロセス|ジョブ|タスク|ステップ|スクリプト|終了|コード|失敗|エラー|しました|されました|命令|进程|任务|步骤|脚本|退出|代码|失败|错误|状态|返回|[はがをにでとのも以为码]"
)
_DIGIT = re.compile(r"\d")
# Bytes of small letters as they are, all others as blanks: a look at all of a line in one step.
_LETTERS = bytes(byte if chr(byte) in ascii_lowercase else 32 for byte in range(256))
_SIGNS = ".,:;!?()[]{}"
# A rule drawn across the page.
RULE = re.compile(r"^[\s=_*~#+.\u2500-\u257f\u23af-]{3,}$")
# Without one of its words a pattern below cannot match: a look into a set spares most lines the pattern.
_COUNTED = words(
    "error errors failure failures failed failing fail fails test tests example examples spec specs problem problems pass passed passing pending skipped"
    " assertion assertions"
)
_EXITS = words(
    "exit exited exits return returned returns returncode status code rc terminated errorlevel exitcode non nonzero did"
)
# 3 errors generated, 1 failed: a line that counts failures tells of none.
_COUNT = re.compile(
    r"(?<![\w.#])\d{1,7} (?:\w{1,20} )?(?:errors?|failures?|failed|failing|fails?|tests?|examples?|specs?|problems?|pass(?:ed|ing)?|pending|skipped|assertions?)\b"
    r"|\b(?:errors?|failures?|failed|tests)\s?[:=]\s{0,8}\d"
)
_EXIT = re.compile(
    r"\b(?:exit(?:ed|s)?|return(?:ed|s|code)?|status|code|rc|terminated|errorlevel|exitcode|rückgabewert|código|codice|кодом?)\b[^.;]{0,60}?-?\b\d{1,10}\b|\b(?:non-?zero|did not (?:run|complete) successfully)\b"
    r"|(?:終了コード|退出代码|退出码|返回码)\W{0,3}\d"
    r"|^[\w./-]{1,40}(?:\[\d+\])?: \*\*\* .{0,300} \d{1,3}$"
)

# The status of an answer says what went wrong; processes end with smaller numbers.
_HUNDREDS = re.compile(r"[45]\d\d\b")
_REFUSED = re.compile(r"\b(?:http|status|code|error)\W{1,3}(?:code\W{1,3})?[45]\d\d\b")


@lru_cache(maxsize=4096)
def letters(text: str) -> frozenset[str]:
    """The runs of small Latin letters in a text, whatever stands around them."""
    return frozenset(text.encode("utf-8", "replace").translate(_LETTERS).decode().split())


@lru_cache(maxsize=4096)
def _told(text: str) -> tuple[str, ...]:
    """The words of a line in small letters, without those that change."""
    found: list[str] = []
    for token in text.split():
        bare = token.strip(_SIGNS)
        # Most tokens are words as they are; nothing that is taken out of a line goes beyond a blank.
        if bare.isalpha():
            if len(bare) > 1:
                found.append(bare)
        elif _QUOTED.isdisjoint(token) and _CHANGES.search(token):
            continue
        else:
            found += _WORD.findall(_NOT_WORDS.sub(" ", token))
    return tuple(found)


@lru_cache(maxsize=4096)
def own_words(text: str) -> int:
    """Return how many words of a line's beginning say more than that something failed."""
    text = text[:600]
    own = _own(_told(text.lower()))
    # "not found" says what is wrong although each of its words is everybody's.
    told = len(own) + 2 * (" not found" in text)
    if text.isascii():
        return told
    # A script without spaces writes a sentence as one word.
    return told + sum(2 for word in own if _NO_SPACES.search(word))


def _own(told: tuple[str, ...]) -> list[str]:
    """The words of a line that are not everybody's."""
    own = [word for word in told if word not in _COMMON]
    return [word for word in own if word.isascii() or _COMMON_SIGNS.sub("", word)]


def counts_failures(line: str) -> bool:
    """Return whether a line counts tests or errors instead of telling of one."""
    return bool(_DIGIT.search(line)) and _counts(line.lower())


def _counts(text: str) -> bool:
    return not _COUNTED.isdisjoint(letters(text)) and bool(_COUNT.search(text))


def _exits(text: str) -> bool:
    spared = text.isascii() and "***" not in text and _EXITS.isdisjoint(letters(text))
    return not spared and bool(_EXIT.search(text))


@lru_cache(maxsize=4096)
def is_wrapper(text: str) -> bool:
    """Return whether a line only says that something else failed: its program, the failure and its status."""
    text = text[:600].lower()
    told = _told(text)
    own = len(_own(told))
    if own > 2 and own * 3 >= len(told):
        return False
    failing = not _FAILING.isdisjoint(told)
    numbered = bool(_DIGIT.search(text))
    if numbered and _HUNDREDS.search(text) and _REFUSED.search(text):
        return False
    counts = numbered and _counts(text)
    exits = (numbered or "non" in text or "did not" in text) and _exits(text)
    if not (failing or counts or exits) or " not found" in text:
        return False
    if counts or exits:
        return own < 3 or own * 3 < len(told)
    runner = not _RUNNERS.isdisjoint(told)
    return (own < 2 and (runner or not own)) or (runner and own * 3 <= len(told) and own < 3)
