"""Kinds of failures in the words of standards and runtimes,
and of failures that only the lines beside them tell.
"""

from __future__ import annotations

import pytest

from drain.fingerprints import explain, fingerprint
from drain.fingerprints.categories import categorise
from drain.fingerprints.model import Category
from drain.fingerprints.naming.masks import mask

C = Category
# errno(3) and strerror(3), sysexits.h, google.rpc.Code, RFC 9110, std::exception, io::ErrorKind,
# reasons of Kubernetes, results of systemd, states of Slurm, and what runtimes raise themselves.
SAYINGS = [
    (C.NETWORK, ["tool: Message too long", "tool failed: ENOTSOCK", "tool: No buffer space available", "mount: Link has been severed",
                 "kind: NotConnected, message: x", "rpc error: code = Internal desc = x", "Internal Server Error", "program ended: exit code 68",
                 "Error from server (AlreadyExists): x", "NoSuchBucket: x"]),
    (C.DISK, ["tool: Illegal seek", "tool failed: ENOTTY", "kind: StorageFull, message: x", "what(): std::filesystem x",
              "used by another process", "program ended: exit code 74", "Zugriff verweigert", "pod: FailedMount"]),
    (C.TYPE, ["tool: Bad address", "tool failed: ENOTSUP", "instance of 'std::length_error'", "Precondition Failed", "Unprocessable Entity",
              "rpc error: code = FailedPrecondition desc = x", "program ended: exit code 65", "{badmatch,{error,closed}}",
              "Non-exhaustive patterns in function total", "attempt to concatenate a table value", "non-numeric argument to binary operator",
              "interface conversion: interface {} is string, not int", "bad substitution"]),
    (C.KILLED, ["tool: Interrupted system call", "tool failed: ECHILD", "Alarm clock", "job 7 ended: NODE_FAIL", "pod: TerminationByKubelet",
                "x.service: Failed with result 'core-dump'", "pure virtual method called", "concurrent map writes", "Speicherzugriffsfehler"]),
    (C.RATE_LIMIT, ["fork: Resource temporarily unavailable", "tool failed: EAGAIN", "pod: FailedScheduling", "RejectedExecutionException: x"]),
    (C.AUTH, ["tool failed: EKEYEXPIRED", "Passwort-Authentifizierung für Benutzer x fehlgeschlagen",
              "program ended: exit code 77"]),
    (C.TIMEOUT, ["tool: Timer expired", "x.service: Failed with result 'watchdog'", "job 7 ended: DEADLINE"]),
    (C.IMPORT, ["The specified module could not be found"]),
    (C.OUT_OF_MEMORY, ["fork: Nicht genügend Hauptspeicher verfügbar", "无法分配内存"]),
    (C.DATABASE, ["ОШИБКА: отношение \"orders\" не существует"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("category", "saying"), [(category, each) for category, said in SAYINGS for each in said]
)
def test_what_standards_and_runtimes_say_has_a_kind(category, saying):
    assert categorise("", mask(saying)).category == category


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("MissingMethodException", C.TYPE), ("EOFError", C.DISK), ("OSError", C.DISK), ("BindException", C.NETWORK),
        ("CryptographicException", C.AUTH), ("LinkageError", C.IMPORT), ("SystemStackError", C.TYPE), ("InvoiceRejected", C.OTHER),
    ],
)  # fmt: skip
def test_a_type_is_told_by_the_last_telling_word_of_its_name(kind, category):
    assert categorise(kind, "near total").category == category


@pytest.mark.parametrize(
    "saying",
    ["Interrupt enable .. 1", "eth0_watchdog: NIC Link is Up", "exit code 1", "bad message of the day x"],
)  # fmt: skip
def test_words_that_only_look_like_a_standards_do_not_count(saying):
    assert categorise("", mask(saying)).category == C.OTHER


BESIDE = "cannot reach mirror-a: connection refused\n{between}deploy: unknown target prod\n"


def test_a_line_that_tells_no_kind_takes_that_of_the_failure_beside_it():
    text = BESIDE.format(between="")
    made, alone = fingerprint(text), fingerprint("deploy: unknown target prod")
    assert (made.title, made.key) == (alone.title, alone.key)
    assert (made.category, alone.category) == ("network", "other")
    told = explain(text)
    assert told.fingerprint == made
    assert told.verdict.category == Category.NETWORK
    assert told.verdict.rule == "beside it: a connection"


def test_of_two_failures_beside_a_line_the_nearer_one_tells():
    near = BESIDE.format(between="cannot write orders.csv: No space left on device\n")
    assert fingerprint(near).title == "deploy: unknown target prod"
    assert fingerprint(near).category == "disk"


def test_a_failure_that_work_went_on_after_tells_no_kind():
    for between in ("Successfully connected to mirror-b\n", "[2/3] Fetching totals\n"):
        survived = BESIDE.format(between=between)
        assert fingerprint(survived).title == "deploy: unknown target prod"
        assert fingerprint(survived).category == "other"


def test_what_an_application_raises_itself_is_of_no_kind_whatever_stands_beside_it():
    stack = 'Traceback (most recent call last):\n  File "/srv/pay.py", line 3, in charge\n    x()\nCardDeclined: issuer said no\n'
    assert fingerprint(stack).category == "other"
    assert fingerprint(f"cannot reach mirror-a: connection refused\n{stack}").category == "other"


def test_words_beside_a_line_that_tell_of_no_failure_tell_no_kind():
    for between in (
        "mirror-a has a certificate\n",
        "WARNING: the certificate of mirror-a is old\n",
    ):
        text = f"{between}deploy: unknown target prod\n"
        assert fingerprint(text).title == "deploy: unknown target prod"
        assert fingerprint(text).category == "other"
