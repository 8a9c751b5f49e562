"""One word for one thing: the database, the policy and the glossary speak the same language."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import pytest

from drain.models import vocabulary
from drain.policy import reasons, states

GLOSSARY = (Path(__file__).resolve().parent.parent / "docs" / "glossary.md").read_text()


@pytest.mark.parametrize(
    "words",
    [
        vocabulary.PhaseState,
        vocabulary.Outcome,
        vocabulary.SessionState,
        vocabulary.BulkState,
        reasons.ExclusionReason,
        reasons.StopReason,
    ],
)
def test_the_glossary_has_every_word(words: type[Enum]) -> None:
    missing = [word.value for word in words if word.value not in GLOSSARY]
    assert missing == []


@pytest.mark.parametrize(
    ("stored", "decided"),
    [(vocabulary.PhaseState, states.PhaseState), (vocabulary.Outcome, states.Outcome)],
)
def test_the_database_and_the_policy_use_the_same_words(
    stored: type[Enum], decided: type[Enum]
) -> None:
    assert {word.value for word in stored} == {word.value for word in decided}
