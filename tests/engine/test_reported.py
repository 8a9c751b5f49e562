"""A cause reported by an executor, from the line that a real child writes to the page that people see."""

from __future__ import annotations

import json
from shlex import quote
from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.db import connections, transaction
from django.utils import timezone

from drain.engine.sessions.scope import SessionScope
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fingerprints.splitting import split
from drain.evidence.fingerprints.upgrade import refingerprint
from drain.fingerprints import fingerprint
from drain.fingerprints.reported import as_reported, reported_key
from drain.fingerprints.splitting import SplitBy
from drain.models import Attempt, Fingerprint, Phase
from drain.models.fingerprints import reported as fingerprint_reported
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.models.roles import Role, write_roles
from drain.models.vocabulary import Origin
from tests.dashboard.people import signed_in
from tests.engine.conftest import Backlog

pytestmark = pytest.mark.django_db(transaction=True)
# Every phase runs, however often one cause comes.
UNSTOPPED = 1000


def report(reason: str, fingerprint: object) -> str:
    """A shell line that reports a failure with a fingerprint of the executor's own."""
    line = json.dumps({"event": "failure", "reason": reason, "fingerprint": fingerprint})
    return f"""printf '%s\\n' {quote(line)} | sed "s/NUMBER/$1/" >> "$DRAIN_REPORT"; exit 1"""


def page_of(key: str) -> str:
    """The page of a fingerprint as a viewer sees it."""
    write_roles(apps)
    return signed_in(Role.VIEWER).get(f"/fingerprints/{key}/").content.decode()


def drained(backlog: Backlog, script: str, phases: int = 2) -> dict[str, str]:
    """Drain that many phases once each; phase → the key by which it failed."""
    backlog.executor(script)
    backlog.run("r", phases)
    backlog.drain(max_attempts_per_phase=1, max_fingerprint_repeats=UNSTOPPED)
    return dict(Phase.objects.values_list("phase_id", "last_fingerprint"))


def test_the_executors_own_name_wins_over_what_the_text_says(backlog: Backlog) -> None:
    keys = drained(backlog, report("KeyError: card NUMBERx of the EU bank", ["pay", "declined"]))
    key = reported_key("script", ["pay", "declined"], "")
    assert set(keys.values()) == {key}
    assert set(Attempt.objects.values_list("fingerprint", "fine")) == {(key, key)}
    stored = Fingerprint.objects.get()
    assert (stored.executor, stored.parts) == ("script", ["pay", "declined"])
    assert stored.title.endswith("[pay / declined]")
    page = page_of(key)
    assert "the executor script" in page
    assert "<code>declined</code>" in page


def test_default_stands_for_ours_and_can_be_told_apart_further(backlog: Backlog) -> None:
    text = "KeyError: 'lease'"
    keys = drained(backlog, report(text, ["{{ default }}", "region NUMBER"]))
    ours = fingerprint(text).key
    assert keys == {
        f"p{n}": reported_key("script", ["{{ default }}", f"region {n}"], ours) for n in (0, 1)
    }
    backlog.executor(report(text, ["{{ default }}"]))
    backlog.drain(max_attempts_per_phase=9, max_fingerprint_repeats=UNSTOPPED)
    assert set(Phase.objects.values_list("last_fingerprint", flat=True)) == {ours}
    assert Fingerprint.objects.get(key=ours).executor == ""


@pytest.mark.parametrize("wrong", ["declined", [], ["a"] * 9, ["a" * 201], [7], {"a": 1}])
def test_what_is_no_name_is_a_bad_line_and_the_reason_counts_all_the_same(
    backlog: Backlog, wrong: object
) -> None:
    keys = drained(backlog, report("KeyError: 'lease'", wrong), 1)
    assert keys == {"p0": fingerprint("KeyError: 'lease'").key}
    attempt = Attempt.objects.get()
    assert (attempt.error, attempt.bad_report_lines) == ("KeyError: 'lease'", 1)


def test_a_later_reason_without_a_name_is_ours_again(backlog: Backlog) -> None:
    first = report("KeyError: 'lease'", ["mine"]).removesuffix("; exit 1")
    last = """echo '{"event":"failure","reason":"no space left on device"}' >> "$DRAIN_REPORT"; exit 1"""
    keys = drained(backlog, f"{first}; {last}", 1)
    assert keys == {"p0": fingerprint("no space left on device").key}


def test_of_too_many_new_names_an_hour_the_rest_are_ours_and_its_page_says_so(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint_reported, "MOST_NEW", 3)
    monkeypatch.setattr("drain.dashboard.fingerprints.views.MOST_NEW", 3)
    keys = drained(backlog, report("KeyError: 'lease'", ["order NUMBER"]), 5)
    ours = fingerprint("KeyError: 'lease'")
    assert sorted(key == ours.key for key in keys.values()) == [False, False, False, True, True]
    page = page_of(ours.key)
    assert "the executor script calls something else" in page
    assert "more than 3 new fingerprints" in page
    # Names that are known go on counting, and ones of another executor have an hour of their own.
    backlog.executor(report("KeyError: 'lease'", ["order 0"]))
    backlog.drain(max_attempts_per_phase=9, max_fingerprint_repeats=UNSTOPPED)
    assert len(set(Phase.objects.values_list("last_fingerprint", flat=True))) == 1
    assert fingerprint_reported.too_many({"other": ["a", "b", "c", "d"]}) == {"d"}


def test_a_name_of_an_hour_ago_is_no_longer_new(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint_reported, "MOST_NEW", 1)
    drained(backlog, report("KeyError: 'lease'", ["order NUMBER"]), 1)
    assert fingerprint_reported.too_many({"script": ["new"]}) == {"new"}
    made = Fingerprint.objects.get().made_at
    Fingerprint.objects.update(made_at=made.replace(year=made.year - 1))
    assert fingerprint_reported.too_many({"script": ["new"]}) == set()


def test_a_new_version_of_our_rules_leaves_an_executors_own_names_alone(backlog: Backlog) -> None:
    keys = drained(backlog, report("KeyError: 'lease'", ["mine"]), 1)
    Fingerprint.objects.update(version=0)
    assert refingerprint() == 1
    assert Fingerprint.objects.get().key == keys["p0"]
    assert Fingerprint.objects.get().place_known


def test_a_part_that_was_split_off_is_drained_alone_and_fails_as_itself(backlog: Backlog) -> None:
    text = "OSError: [Errno 28] No space left on device: '/NUMBER/1.log'"
    (whole,) = set(drained(backlog, report(text, None), 3).values())
    pk = Fingerprint.objects.values_list("pk", flat=True).get(key=whole)
    part = split(pk, SplitBy.MESSAGE, "'/1/", By("ada", Origin.BROWSER, timezone.now()))
    assert dict(Phase.objects.values_list("phase_id", "last_fingerprint")) == {
        "p0": whole, "p1": part.key, "p2": whole,
    }  # fmt: skip
    session = backlog.session(
        scope=SessionScope(fingerprints=(part.key,)), max_attempts_per_phase=9
    )
    backlog.drain(session)
    again = Attempt.objects.filter(session=session)
    assert set(again.values_list("phase__phase_id", "fingerprint")) == {("p1", part.key)}


def test_two_workers_that_report_at_once_have_one_hour_between_them(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint_reported, "MOST_NEW", 1)
    begin = Barrier(2)
    refused: list[str] = []

    def file(name: str) -> None:
        made = as_reported(fingerprint("KeyError: 'lease'"), "script", [name])
        now = timezone.now()
        begin.wait()
        try:
            with transaction.atomic():
                many = fingerprint_reported.too_many({"script": [made.key]})
                refused.extend(many)
                if not many:
                    record_fingerprints([SeenFingerprint(made, "", now, now, "script", (name,))])
        finally:
            connections.close_all()

    threads = [Thread(target=file, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), Fingerprint.objects.count()) == (1, 1)
