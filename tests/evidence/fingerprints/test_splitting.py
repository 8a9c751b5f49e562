"""A cause that is too wide: part of it is a cause of its own, for failures before and after,
until that is undone.
"""

from __future__ import annotations

import pytest

from drain.engine.attempts.identify import identify
from drain.engine.attempts.started import EndedAttempt, not_run
from drain.evidence.fingerprints.aliases import resolve_keys
from drain.evidence.fingerprints.lifecycle import By, CauseError
from drain.evidence.fingerprints.merging import merge, unmerge
from drain.evidence.fingerprints.splitting import reread_splits, split
from drain.evidence.fingerprints.upgrade import refingerprint
from drain.evidence.rollups.fold import fold
from drain.evidence.rollups.verify import check
from drain.fingerprints import VERSION, fingerprint
from drain.fingerprints.splitting import SplitBy, is_part, part_key, read_failure
from drain.models import (
    Attempt,
    AttemptDelta,
    AuditEvent,
    Fingerprint,
    FingerprintSplit,
    Phase,
    Transition,
)
from drain.models.fingerprints.splits import Splits
from drain.models.vocabulary import Origin
from drain.policy.states import Outcome
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.BROWSER, NOON, "two teams")
MODULE = "ModuleNotFoundError: No module named 'praw'"
CART, MAIL = (
    f'Traceback (most recent call last):\n  File "/srv/{name}.py", line 3, in {function}\n    import praw\n{MODULE}\n'
    for name, function in (("cart", "total"), ("mail", "send"))
)
FULL = [
    f"OSError: [Errno 28] No space left on device: '/{disk}/{n}.log'"
    for disk in ("a", "b")
    for n in (1, 2)
]


def cause(text: str) -> Fingerprint:
    made = fingerprint(text)
    return FingerprintFactory(
        key=made.key, coarse=made.coarse, headline=made.headline, version=VERSION, sample=text,
        place_known=made.place_known, title=made.title,
    )  # fmt: skip


def failed(text: str) -> Attempt:
    """A failed attempt and its phase, as the statement that ends it leaves them."""
    key = fingerprint(text).key
    phase = PhaseFactory(last_fingerprint=key, last_failure_reason=text)
    found = AttemptFactory(phase=phase, fingerprint=key, error=text)
    AttemptDelta.objects.create(
        finished_at=found.finished_at or NOON, run_pk=phase.run_id, category="", outcome=Outcome.FAILED,
        fingerprint=key, seconds=60, telemetry_events=0,
    )  # fmt: skip
    return found


def filed(text: str) -> str:
    """The key by which an attempt that ends with this text is filed now."""
    ended = EndedAttempt(None, not_run(text, Outcome.FAILED))  # type: ignore[arg-type] # it is not looked at
    (found,) = identify([ended])
    assert found is not None
    return found.print.key


def keys_now() -> dict[str, str]:
    return dict(Attempt.objects.values_list("error", "fingerprint"))


def test_failures_of_one_place_are_split_off_before_and_after():
    whole = cause(CART)
    assert fingerprint(MAIL).key == whole.key
    for text in (CART, MAIL, MAIL):
        failed(text)
    part = split(whole.pk, SplitBy.PLACE, "mail.send", BY)
    assert keys_now() == {CART: whole.key, MAIL: part.key}
    assert dict(Phase.objects.values_list("last_failure_reason", "last_fingerprint")) == keys_now()
    assert (filed(CART), filed(MAIL)) == (whole.key, part.key)
    assert part.title == f"{whole.title} [place mail.send]"
    assert Transition.objects.get(subject="fingerprint").verb == "split"
    assert AuditEvent.objects.get().new["value"] == "mail.send"


def test_what_was_counted_moves_with_the_failures_whether_it_was_folded_or_not():
    whole = cause(CART)
    for text in (CART, MAIL):
        failed(text)
    fold()
    for text in (CART, MAIL):
        failed(text)
    split(whole.pk, SplitBy.PLACE, "mail.send", BY)
    assert check().equal
    fold()
    assert check().equal


def test_one_click_undoes_a_split_and_one_makes_it_again():
    whole = cause(CART)
    failed(MAIL)
    part = split(whole.pk, SplitBy.PLACE, "mail.send", BY)
    assert merge(part.pk, whole.pk, BY)
    assert resolve_keys([filed(MAIL), *keys_now().values()]) == {part.key: whole.key}
    assert unmerge(part.pk, BY)
    assert resolve_keys([filed(MAIL)]) == {part.key: part.key}
    merge(part.pk, whole.pk, BY)
    assert split(whole.pk, SplitBy.PLACE, "mail.send", BY).pk == part.pk
    assert resolve_keys([part.key]) == {part.key: part.key}
    with pytest.raises(CauseError, match="already"):
        split(whole.pk, SplitBy.PLACE, "mail.send", BY)


@pytest.mark.parametrize(
    ("by", "value", "text"),
    [
        (SplitBy.MESSAGE, "/a/", FULL[0]),
        (SplitBy.TYPE, "OSError", FULL[0]),
        (SplitBy.PLACE, "total", CART),
        (SplitBy.PLACE, "cart.total", CART),
        (
            SplitBy.TEST,
            "TestTotal",
            "--- FAIL: TestTotal (0.00s)\n    cart_test.go:7: got 3, want 4\nFAIL\n",
        ),
    ],
)
def test_a_part_is_told_by_type_message_place_or_test(by, value, text):
    failure = read_failure(text)
    assert is_part(failure, by, value)
    assert not is_part(failure, by, f"{value}x")
    others = set(SplitBy) - {by, SplitBy.MESSAGE}
    assert not [other for other in others if is_part(failure, other, value)]


def test_a_value_that_the_key_has_masked_tells_a_part_too():
    whole = cause(FULL[0])
    assert {fingerprint(text).key for text in FULL} == {whole.key}
    part = split(whole.pk, SplitBy.MESSAGE, "/b/", BY)
    assert [filed(text) for text in FULL] == [whole.key, whole.key, part.key, part.key]


def test_a_part_can_be_split_further_and_what_is_merged_into_the_whole_is_split_with_it():
    whole, other = cause(FULL[0]), cause(CART)
    part = split(whole.pk, SplitBy.MESSAGE, "/b/", BY)
    smaller = split(part.pk, SplitBy.MESSAGE, "/2.", BY)
    assert [filed(text) for text in FULL] == [whole.key, whole.key, part.key, smaller.key]
    assert merge(other.pk, whole.pk, BY)
    elsewhere = split(whole.pk, SplitBy.PLACE, "mail.send", BY)
    assert (filed(CART), filed(MAIL)) == (other.key, elsewhere.key)


def test_a_whole_that_is_merged_into_its_part_ends_nowhere_else():
    whole = cause(FULL[0])
    part = split(whole.pk, SplitBy.MESSAGE, "/b/", BY)
    assert merge(whole.pk, part.pk, BY)
    assert resolve_keys([filed(text) for text in FULL]) == {whole.key: part.key, part.key: part.key}


def test_earlier_failures_beyond_the_first_thousands_are_read_by_maintenance(monkeypatch):
    monkeypatch.setattr("drain.evidence.fingerprints.splitting.AT_ONCE", 2)
    whole = cause(FULL[0])
    for text in FULL * 2:
        failed(text)
    part = split(whole.pk, SplitBy.MESSAGE, "/b/", BY)
    assert Attempt.objects.filter(fingerprint=part.key).count() == 0
    while reread_splits(3):
        pass
    for rows in (
        Attempt.objects.filter(fingerprint=part.key),
        Phase.objects.filter(last_fingerprint=part.key),
    ):
        assert rows.count() == 4
    assert FingerprintSplit.objects.get().rereading == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "in common"), (" ", "in common"), ("a\0b", "in common"), ("a" * 201, "at most 200")],
)
def test_a_split_that_makes_no_sense_changes_nothing(value, said):
    whole = cause(CART)
    with pytest.raises(CauseError, match=said):
        split(whole.pk, SplitBy.PLACE, value, BY)
    merge(whole.pk, FingerprintFactory().pk, BY)
    with pytest.raises(CauseError, match="stands for itself"):
        split(whole.pk, SplitBy.PLACE, "mail.send", BY)
    assert not FingerprintSplit.objects.exists()


def test_so_many_splits_are_enough(monkeypatch):
    monkeypatch.setattr("drain.evidence.fingerprints.splitting.MOST_SPLITS", 1)
    split(cause(CART).pk, SplitBy.PLACE, "mail.send", BY)
    with pytest.raises(CauseError, match="which is the most"):
        split(cause(FULL[0]).pk, SplitBy.MESSAGE, "/b/", BY)


def test_a_new_version_of_the_rules_leaves_parts_alone_and_goes_on_splitting():
    whole = cause(CART)
    part = split(whole.pk, SplitBy.PLACE, "mail.send", BY)
    Fingerprint.objects.update(version=0)
    Fingerprint.objects.filter(pk=whole.pk).update(key="older")
    refingerprint()
    assert (
        Fingerprint.objects.get(pk=part.pk).key
        == part.key
        == part_key(whole.key, SplitBy.PLACE, "mail.send")
    )
    assert (filed(CART), filed(MAIL)) == (whole.key, part.key)


def test_without_splits_a_failure_is_filed_as_it_is_read():
    made = fingerprint(CART)
    assert Splits.load().of(made, CART) is made
