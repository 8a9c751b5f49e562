"""What the environment may say, and what a wrong word in it is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from drainsite import environment


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hidden@[::1:5/x", "postgresql://u:hidden@h:port/x", "mysql://u:hidden@h/x"],
)
def test_an_address_of_a_database_that_cannot_be_read_is_one_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"write postgresql|must name") as refused:
        environment.database(tmp_path)
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None
