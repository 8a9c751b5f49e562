"""Merges take turns, and each is undone by itself, in whatever order they were made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections

from drain.evidence.fingerprints.aliases import resolve_keys
from drain.evidence.fingerprints.lifecycle import By, CauseError
from drain.evidence.fingerprints.merging import merge, unmerge
from drain.models import AuditEvent, Fingerprint, Transition
from drain.models.vocabulary import Origin
from tests.factories import NOON, FingerprintFactory

BY = By("ada", Origin.BROWSER, NOON, "because")


def _at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Run each on a connection of its own, all begun at the same moment; what they returned or raised."""
    begin = Barrier(len(acts))
    found: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        begin.wait()
        try:
            found[place] = acts[place]()
        except CauseError as error:
            found[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _pairs(count: int) -> dict[str, int]:
    return {str(n): FingerprintFactory(key=str(n)).pk for n in range(count)}


@pytest.mark.django_db(transaction=True)
def test_two_people_who_merge_two_causes_into_each_other_at_once_close_no_circle():
    for round_ in range(6):
        one, other = (FingerprintFactory(key=f"{round_}{name}").pk for name in "ab")
        found = _at_once([partial(merge, one, other, BY), partial(merge, other, one, BY)])
        assert sorted(map(str, found)) == [
            "That fingerprint is merged into this one already: undo that first.",
            "True",
        ]
        assert len(set(resolve_keys([f"{round_}a", f"{round_}b"]).values())) == 1


@pytest.mark.django_db(transaction=True)
def test_a_ring_of_merges_at_once_leaves_one_cause_that_stands_for_all():
    keys = _pairs(3)
    ring = [("0", "1"), ("1", "2"), ("2", "0")]
    _at_once([partial(merge, keys[one], keys[other], BY) for one, other in ring])
    assert Fingerprint.objects.filter(merged_into=None).count() == 1
    assert len(set(resolve_keys(keys).values())) == 1


@pytest.mark.django_db(transaction=True)
def test_one_merge_that_two_people_make_at_once_is_made_once():
    keys = _pairs(2)
    assert sorted(_at_once([partial(merge, keys["0"], keys["1"], BY)] * 2)) == [False, True]
    assert sorted(_at_once([partial(unmerge, keys["0"], BY)] * 2)) == [False, True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("begun_merged", [False, True])
def test_a_merge_and_its_undoing_at_once_leave_what_the_record_says(begun_merged):
    for round_ in range(6):
        one, other = (FingerprintFactory(key=f"{round_}{name}").pk for name in "ab")
        if begun_merged:
            merge(one, other, BY)
        merged, undone = _at_once([partial(merge, one, other, BY), partial(unmerge, one, BY)])
        verbs = list(
            Transition.objects.filter(subject="fingerprint", subject_pk=one)
            .order_by("pk")
            .values_list("verb", flat=True)
        )
        assert verbs.count("merge") == merged + begun_merged
        assert verbs.count("unmerge") == undone
        # An undoing knows what it undid, and each decision undoes the one before it.
        said = AuditEvent.objects.filter(verb="unmerge", subject_pk=str(one))
        assert [event.old for event in said] == [{"merged_into": f"{round_}b"}] * undone
        assert verbs == ["merge", "unmerge", "merge"][: len(verbs)]
        key = f"{round_}a"
        assert resolve_keys([key])[key] == (f"{round_}b" if verbs[-1:] == ["merge"] else key)


@pytest.mark.django_db(transaction=True)
def test_an_undoing_and_a_merge_of_the_target_at_once_lose_neither():
    for round_ in range(6):
        a, b, c = (FingerprintFactory(key=f"{round_}{name}").pk for name in "abc")
        merge(a, b, BY)
        assert _at_once([partial(unmerge, a, BY), partial(merge, b, c, BY)]) == [True, True]
        keys = [f"{round_}{name}" for name in "abc"]
        assert resolve_keys(keys) == dict(zip(keys, (keys[0], keys[2], keys[2]), strict=True))


@pytest.mark.django_db
@pytest.mark.parametrize("first", ["a", "b"])
def test_of_a_merged_into_b_merged_into_c_each_is_undone_alone(first):
    a, b, c = (FingerprintFactory(key=key) for key in "abc")
    merge(a.pk, b.pk, BY)
    merge(b.pk, c.pk, BY)
    assert resolve_keys("abc") == {"a": "c", "b": "c", "c": "c"}
    if first == "a":
        unmerge(a.pk, BY)
        assert resolve_keys("abc") == {"a": "a", "b": "c", "c": "c"}
        unmerge(b.pk, BY)
    else:
        unmerge(b.pk, BY)
        assert resolve_keys("abc") == {"a": "b", "b": "b", "c": "c"}
        unmerge(a.pk, BY)
    assert resolve_keys("abc") == {"a": "a", "b": "b", "c": "c"}


def test_the_lock_is_the_one_that_failures_share_while_they_are_filed(db):
    from drain.evidence.fingerprints.merging import lock_merges
    from drain.models.fingerprints.splits import Splits

    held = (
        "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' "
        "AND objid = 7316202 AND mode = %s"
    )
    lock_merges()
    Splits.held()
    with connection.cursor() as cursor:
        for mode in ("ExclusiveLock", "ShareLock"):
            cursor.execute(held, [mode])
            assert cursor.fetchone() == (1,)


@pytest.mark.django_db
def test_a_fingerprint_is_merged_into_none_that_does_not_exist():
    found = FingerprintFactory()
    with pytest.raises(CauseError, match="another one that exists"):
        merge(found.pk, found.pk + 1, BY)
    with pytest.raises(CauseError, match="another one that exists"):
        merge(found.pk, found.pk, BY)
