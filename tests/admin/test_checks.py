"""A check made in the admin can fail: what could only ever pass is refused."""

from __future__ import annotations

import pytest

from drain.models import Check
from drain.models.roles import Role
from tests.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kind": "completion_rate", "threshold": "80"}, "0.8 for 80 %"),
        ({"kind": "completion_rate"}, "fill it in"),
        ({"kind": "no_pattern", "pattern": "re:("}, "cannot read the pattern"),
        ({"kind": "no_state"}, "fill it in"),
        ({"kind": "no_unknown", "window_hours": "2000000000"}, "at most 744 hours"),
        ({"kind": "completion_rate", "threshold": "0.8"}, ""),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(given, sentence):
    form = {"name": "c", "enabled": "on", "window_hours": "24", "reason": "x", **given}
    answer = signed_in(Role.ADMINISTRATOR).post("/admin/drain/check/add/", form)
    if sentence:
        assert sentence in answer.content.decode()
    assert Check.objects.exists() is not bool(sentence)
