"""A key may be given by its beginning, as far as that can be no other one."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from drain.evidence.fingerprints.keys import whole_key
from drain.evidence.fingerprints.lifecycle import CauseError
from drain.models import FixMarker
from tests.factories import FingerprintFactory

pytestmark = pytest.mark.django_db


def test_a_beginning_stands_for_the_one_key_that_begins_so():
    for key in ("abcd1", "abcd2", "7eddf683aa", "abcd"):
        FingerprintFactory(key=key)
    assert whole_key("7edd") == "7eddf683aa"
    assert whole_key("abcd") == "abcd"
    assert (whole_key("7ed"), whole_key("none"), whole_key("%%%%")) == ("7ed", "none", "%%%%")
    FingerprintFactory(key="abcde1")
    FingerprintFactory(key="abcde2")
    with pytest.raises(CauseError, match="Several fingerprints begin with “abcde”: abcde1, abcde2"):
        whole_key("abcde")


def test_a_fix_is_marked_by_the_beginning_of_a_key_and_an_unknown_one_says_where_keys_are_listed():
    FingerprintFactory(key="7eddf683aa")
    call_command("marker", "add", "mended", "--fingerprint", "7eddf683")
    assert FixMarker.objects.get().fingerprints.get().key == "7eddf683aa"
    with pytest.raises(CommandError, match=r"`manage.py fingerprints` lists the keys"):
        call_command("marker", "add", "mended", "--fingerprint", "8888")
