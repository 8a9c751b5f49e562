"""An unknown cause is never taken for another one, and never for the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.evidence.fingerprints.identity import FingerprintIdentity, identities, related, relatives
from drain.evidence.fingerprints.upgrade import refingerprint, tell_apart
from drain.fingerprints import VERSION, fingerprint
from drain.models import Fingerprint, FingerprintAlias
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from tests.factories import NOON, FingerprintFactory

TRACEBACK = """Traceback (most recent call last):
  File "app/rows.py", line 7, in read
    raise ValueError(f"bad row {n}")
ValueError: bad row 7
"""
identity = st.builds(
    FingerprintIdentity,
    st.sampled_from("abc"),
    st.sampled_from(["", "h", "g"]),
    st.booleans(),
    st.sampled_from([1, 2]),
)


@given(identity, identity)
def test_to_be_possibly_one_goes_both_ways_and_every_cause_is_itself(one, other):
    assert one.may_be(other) == other.may_be(one)
    assert one.may_be(one)


@pytest.mark.parametrize(
    ("one", "other", "possible"),
    [
        (FingerprintIdentity("a", "h", False, 1), FingerprintIdentity("b", "h", True, 1), True),
        (FingerprintIdentity("a", "h", True, 1), FingerprintIdentity("b", "h", True, 1), False),
        (FingerprintIdentity("a", "h", True, 1), FingerprintIdentity("b", "h", True, 2), True),
        (FingerprintIdentity("a", "h", False, 1), FingerprintIdentity("b", "g", False, 1), False),
        (FingerprintIdentity("a", "", False, 1), FingerprintIdentity("b", "", False, 1), False),
        (FingerprintIdentity("a", "h", True, 1), FingerprintIdentity("a", "g", True, 1), True),
    ],
)
def test_one_headline_may_be_one_cause_unless_both_places_are_known(one, other, possible):
    assert one.may_be(other) is possible


@pytest.mark.django_db
def test_what_may_be_a_cause_comes_with_its_older_keys_and_does_not_merge():
    reason = FingerprintFactory(key="reason", headline="h")
    placed = FingerprintFactory(key="placed", headline="h", place_known=True)
    FingerprintFactory(key="elsewhere", headline="h", place_known=True)
    FingerprintAlias.objects.create(key="older", fingerprint=placed, version=1)
    FingerprintFactory(key="merged", headline="m", place_known=True, merged_into=reason)
    found = relatives(["reason"])
    assert found.certain == ("merged", "reason")
    assert found.possible == ("elsewhere", "older", "placed")
    # not transitive: what two places may both be does not make them one
    assert relatives(["placed"]).possible == ("reason",)
    assert related(["merged", "placed"])["merged"] == found


@pytest.mark.django_db
def test_identities_know_roots_through_older_keys_and_unknown_keys_are_like_no_other():
    found = FingerprintFactory(key="k", headline="h", place_known=True)
    FingerprintAlias.objects.create(key="old", fingerprint=found, version=1)
    known = identities(["k", "old", "nobody"])
    assert known["old"] == known["k"] == FingerprintIdentity("k", "h", True, 1)
    assert not known["nobody"].may_be(known["k"])


@pytest.mark.django_db
def test_a_reason_and_its_traceback_are_stored_as_one_headline():
    texts = ("ValueError: bad row 3", TRACEBACK)
    prints = [fingerprint(text) for text in texts]
    seen = [SeenFingerprint(one, text, NOON, NOON) for one, text in zip(prints, texts, strict=True)]
    record_fingerprints(seen)
    rows = {row.key: row for row in Fingerprint.objects.all()}
    assert {row.headline for row in rows.values()} == {prints[0].headline}
    assert relatives([prints[0].key]).possible == (prints[1].key,)


@pytest.mark.django_db
def test_two_causes_with_one_title_are_told_apart_by_the_place_of_the_later_one():
    texts = (TRACEBACK, TRACEBACK.replace("in read", "in write"))
    first, second = (fingerprint(text) for text in texts)
    assert first.title == second.title
    record_fingerprints([SeenFingerprint(first, texts[0], NOON, NOON)])
    record_fingerprints([SeenFingerprint(second, texts[1], NOON, NOON)])
    record_fingerprints([SeenFingerprint(first, texts[0], NOON, NOON + timedelta(minutes=5))])
    titles = dict(Fingerprint.objects.values_list("key", "title"))
    assert titles == {first.key: first.title, second.key: f"{first.title} (in rows.write)"}


@pytest.mark.django_db
def test_two_causes_with_one_title_that_are_met_at_once_are_told_apart_too():
    texts = (TRACEBACK, TRACEBACK.replace("in read", "in write"))
    record_fingerprints([SeenFingerprint(fingerprint(text), text, NOON, NOON) for text in texts])
    assert len(set(Fingerprint.objects.values_list("title", flat=True))) == 2


@pytest.mark.django_db
def test_a_cause_met_once_without_its_place_stays_one_that_may_be_another():
    whole = fingerprint(TRACEBACK)
    bare = type(whole)(
        **{name: getattr(whole, name) for name in whole.__slots__} | {"place_known": False}
    )
    record_fingerprints([SeenFingerprint(whole, TRACEBACK, NOON, NOON)])
    record_fingerprints([SeenFingerprint(bare, TRACEBACK, NOON, NOON + timedelta(seconds=1))])
    assert not Fingerprint.objects.get().place_known


@pytest.mark.django_db
def test_the_upgrade_fills_in_headlines_of_older_rows_once():
    key = fingerprint(TRACEBACK).key
    known = FingerprintFactory(key=key, sample=TRACEBACK, version=VERSION)
    lone = FingerprintFactory(key="lone", sample="", version=VERSION)
    cut = FingerprintFactory(key="cut", sample=("x " * 3000)[:4000], version=VERSION)
    assert refingerprint() == 3
    for row in (known, lone, cut):
        row.refresh_from_db()
    assert (known.headline, known.place_known) == (fingerprint(TRACEBACK).headline, True)
    assert (lone.headline, lone.place_known) == ("lone", False)
    assert not cut.place_known
    assert refingerprint() == 0


@pytest.mark.django_db
def test_two_causes_whose_titles_were_both_free_when_two_workers_met_them_are_told_apart_soon():
    first, second = (FingerprintFactory(title="KeyError: 'x'") for _ in range(2))
    other = FingerprintFactory(title="KeyError: 'y'")
    assert tell_apart() == 1
    titles = dict(Fingerprint.objects.values_list("pk", "title"))
    assert titles == {
        first.pk: "KeyError: 'x'",
        second.pk: f"KeyError: 'x' #{second.key[:8]}",
        other.pk: "KeyError: 'y'",
    }
    assert tell_apart() == 0


@pytest.mark.parametrize(("version", "possible"), [(1, ()), (2, ("other",))])
@pytest.mark.django_db
def test_keys_that_know_their_place_by_another_version_may_be_one(version, possible):
    for key, made in (("one", 1), ("other", version)):
        FingerprintFactory(key=key, headline="h", place_known=True, version=made)
    assert relatives(["one"]).possible == possible
