"""Fixtures of the admin's tests: a person who may do everything there."""

from __future__ import annotations

import pytest

from drain.models.roles import Role
from tests.people import signed_in


@pytest.fixture
def administrator(db):
    return signed_in(Role.ADMINISTRATOR)
