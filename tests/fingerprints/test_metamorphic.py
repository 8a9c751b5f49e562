"""Text around a failure, or survived before it, does not change its key."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.fingerprints import Fingerprint, fingerprint
from tests.fingerprints.corpus import FAILURES
from tests.fingerprints.render import texts
from tests.fingerprints.variants import variants

EPOCH = datetime(2001, 1, 1, tzinfo=UTC).replace(tzinfo=None)
PYTHON = """Traceback (most recent call last):
  File "/srv/shop/http.py", line 40, in get
    response.raise_for_status()
requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://api.acme.io/v1/9
"""
JAVA = """java.net.SocketTimeoutException: Read timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
\tat com.acme.Upload.send(Upload.java:31)
"""


CALLER = """Traceback (most recent call last):
  File "/opt/runner/run.py", line 31, in main
    subprocess.run(argv, check=True)
  File "/usr/lib/python3.11/subprocess.py", line 571, in run
    raise CalledProcessError(retcode, process.args,
subprocess.CalledProcessError: Command '['./run.sh', '--all']' returned non-zero exit status 1."""


def each_line(lead: str) -> Callable[[str], str]:
    return lambda text: "\n".join(lead + line for line in text.rstrip("\n").split("\n"))


def then(line: str) -> Callable[[str], str]:
    return lambda text: f"{text.rstrip()}\n{line}\n"


CHANGES: dict[str, Callable[[str], str]] = {
    "an ISO stamp": each_line("2026-03-14T09:41:10.123Z "),
    "a clock in brackets": each_line("[09:41:10] "),
    "a stamp of a cluster's log": each_line("2026-03-14T09:41:10.123456789Z stderr F "),
    "a container's name": each_line("web-1  | "),
    "a logger's stamp and level": each_line("2026-03-14 09:41:10,123 ERROR "),
    "colours and carriage returns": lambda text: "\r\n".join(
        f"\x1b[31m{line}\x1b[0m" for line in text.rstrip("\n").split("\n")
    ),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "carriage returns alone": lambda text: text.replace("\n", "\r"),
    "a runner's closing line": then("Process completed with exit code 1."),
    "a runner's closing line in its own markup": then("##[error]Process completed with exit code 2."),
    "a job that failed": then("ERROR: Job failed: exit code 1"),
    "a wrapper in German": then("make: *** [Makefile:7: all] Fehler 2"),
    "a wrapper below the level of warnings": then("INFO - Task exited with return code 1"),
    "what was called": lambda text: f"$ ./run.sh --all\nstarting\n{text}",
    "work before it": lambda text: f"INFO starting worker 7\nINFO loaded 31 rules\n{text}",
    "work after it": then("INFO shutting down\nINFO bye"),
    "clearing up after it": then("Uploading artifacts...\nCleaning up file based variables"),
    "words of another language": lambda text: f"Vorgang gestartet\n{text.rstrip()}\nVorgang beendet\n",
    "a traceback that was survived": lambda text: f"WARNING attempt 1 failed, retrying\n{PYTHON}INFO attempt 2 ok\n{text}",
    "the head of syslog": each_line("Mar 14 09:41:10 ci-7 runner[812]: "),
    "the head of a cluster's own log": each_line("E0314 09:41:10.123456   12 job.go:31] "),
    "a JSON object around each line": lambda text: "\n".join(
        json.dumps({"time": "2026-03-14T09:41:10Z", "level": "error", "message": line}) for line in text.rstrip("\n").split("\n")
    ),
    "a JSON object around it": lambda text: json.dumps({"level": "error", "message": text}),
    "a tab before every line": lambda text: "\n".join(f"\t{line}" if line else "" for line in text.rstrip("\n").split("\n")),
    "a wrapper in French": then("Échec : la commande a retourné le code 2"),
    "a wrapper in Spanish": then("Error: el comando terminó con código 2"),
    "a wrapper in Russian": then("Ошибка: команда завершилась, код 1"),
    "a wrapper in Japanese": then("エラー: コマンドは終了コード 1 で失敗しました"),
    "a wrapper in the form of key and value": then('time="2026-03-14T09:41:10Z" level=error msg="step failed" exit_code=1'),
    "the traceback of the program that called it": then(CALLER),
    "the stack of the program that called it": then("org.acme.RunnerException: step failed\n\tat org.acme.Runner.run(Runner.java:31)"),
    "three survived tracebacks": lambda text: f"WARNING attempt 1 failed, retrying\n{PYTHON}WARNING attempt 2 failed, retrying\n{PYTHON}INFO attempt 3 ok\n{text}",
    "a stack that was survived": lambda text: f"WARN upload failed, retrying\n{JAVA}INFO uploaded part 3\nINFO verifying\n{text}",
}  # fmt: skip
# Texts that end in words without a sign of failure: whatever follows them may be what ended the phase.
SILENT = {"mpi/rank"}
CAUSES = {
    text.group: text.text
    for name in ("unseen.txt", "heldout.txt", "heldback.txt")
    for text in texts(name, 1)
    if text.group not in SILENT
} | {name: next(variants(failure, 1)) for name, failure in FAILURES.items()}


@lru_cache
def changed(name: str) -> dict[str, Fingerprint]:
    """Return every cause's fingerprint under one of the changes."""
    return {cause: fingerprint(CHANGES[name](text)) for cause, text in CAUSES.items()}


def allowed(name: str) -> float:
    """A report that is cut into lines of a logger may lose a place; that is a few of two hundred."""
    return len(CAUSES) * (0.06 if "level" in name else 0.025)


@pytest.mark.parametrize("name", CHANGES)
def test_a_failure_keeps_its_key_with(name):
    lost = {
        cause: made.title
        for cause, made in changed(name).items()
        if made.key != fingerprint(CAUSES[cause]).key
    }
    assert len(lost) <= allowed(name), lost


@pytest.mark.parametrize("name", CHANGES)
def test_failures_with_keys_of_their_own_keep_them_apart_with(name):
    met: dict[str, set[str]] = defaultdict(set)
    for cause, made in changed(name).items():
        met[made.key].add(fingerprint(CAUSES[cause]).key)
    joined = [keys for keys in met.values() if len(keys) > 1]
    assert sum(map(len, joined)) <= allowed(name), joined


@pytest.mark.parametrize(
    "change",
    [
        then("INFO attempt 2 ok\nRuntimeError: the ledger of the shop is locked"),
        lambda text: "nothing to tell",
        lambda text: text.partition("\n")[0][:12],
    ],
    ids=["another failure after work went on", "no failure at all", "its first letters"],
)
def test_what_is_more_than_put_around_a_failure_does_change_its_key(change):
    kept = [
        cause
        for cause, text in CAUSES.items()
        if fingerprint(change(text)).key == fingerprint(text).key
    ]
    # Failing tests and compilers' errors are final: the first one counts whatever follows.
    assert len(kept) < len(CAUSES) * 0.4, kept


@given(
    st.sampled_from(sorted(CAUSES)),
    st.datetimes(min_value=EPOCH, max_value=EPOCH + timedelta(days=14_000)),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S.%fZ ", "%Y-%m-%d %H:%M:%S ", "[%Y-%m-%d %H:%M:%S] ", "%d/%m/%Y %H:%M:%S ", "%H:%M:%S "]),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_the_moment_of_a_line_is_no_part_of_a_key(cause, moment, stamp):
    text = CAUSES[cause]
    early, late = (
        each_line(f"{at:{stamp}}")(text) for at in (moment, EPOCH + timedelta(days=9_000, hours=5))
    )
    assert fingerprint(early).key == fingerprint(late).key


@given(
    st.sampled_from(sorted(CAUSES)),
    st.sampled_from(["{} ", "[{}] ", "2026-03-14 09:41:10,123 {} ", "2026-03-14T09:41:10Z {}: "]),
    st.sampled_from(["ERROR", "FATAL", "CRITICAL", "SEVERE"]),
)
@settings(max_examples=150, deadline=None)
def test_which_word_says_how_grave_all_of_it_is_is_no_part_of_a_key(cause, form, word):
    text = CAUSES[cause]
    one, other = (each_line(form.format(each))(text) for each in (word, "ERROR"))
    assert fingerprint(one).key == fingerprint(other).key


@given(st.sampled_from(sorted(CAUSES)), st.data())
@settings(max_examples=150, deadline=None)
def test_where_it_is_coloured_and_how_its_lines_end_is_no_part_of_a_key(cause, data):
    text = CAUSES[cause]
    places = data.draw(st.sets(st.integers(0, len(text)), min_size=1, max_size=6))
    colour = data.draw(st.sampled_from(["\x1b[31m", "\x1b[1;33m", "\x1b[0m", "\x1b[K"]))
    ends = data.draw(st.sampled_from(["\n", "\r\n"]))
    coloured = "".join(
        (colour if at in places else "") + char for at, char in enumerate(f"{text}\n")
    )
    assert fingerprint(coloured.replace("\n", ends)).key == fingerprint(text).key


@given(
    st.sampled_from(sorted(CAUSES)),
    st.from_regex(r"[A-Z][a-z]{3,9}(Error|Exception)", fullmatch=True),
    st.from_regex(r"[a-z]{3,9} [a-z]{3,9} [a-z]{3,9}", fullmatch=True),
    st.integers(1, 4),
)
@settings(max_examples=150, deadline=None)
def test_what_was_tried_before_and_survived_is_no_part_of_a_key(cause, kind, message, attempts):
    text = CAUSES[cause]
    survived = (
        f"WARNING attempt failed, retrying\nTraceback (most recent call last):\n"
        f'  File "/srv/shop/http.py", line 40, in get\n    send()\n{kind}: {message}\n'
    )
    tried = fingerprint(f"{survived * attempts}INFO attempt 5 ok\n{text}").key
    assert tried == changed("a traceback that was survived")[cause].key


@given(
    st.sampled_from(sorted(CAUSES)),
    st.integers(1, 255),
    st.sampled_from(["script", "step 'build'", "job", "The command"]),
)
@settings(max_examples=150, deadline=None)
def test_who_says_that_it_failed_is_no_part_of_a_key(cause, code, who):
    text = CAUSES[cause].rstrip()
    assert (
        fingerprint(f"{text}\nERROR: {who} failed with exit code {code}\n").key
        == fingerprint(text).key
    )
