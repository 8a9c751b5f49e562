"""One word for one thing: the database, the policy and the glossary speak the same language."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import pytest

from drain.dashboard.ui.states import REASON_WORDS
from drain.management.ledger import FIRST_STEPS
from drain.models import vocabulary
from drain.policy import reasons, states
from drain.policy.actions import ActionSubject, for_reason
from drain.policy.glossary import DEFINITIONS

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
PAGES = sorted((ROOT / "templates" / "drain").rglob("*.html"))


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
    assert not missing, f"docs/glossary.md lacks {', '.join(missing)}"


def test_the_glossary_has_the_exclusion_reasons_in_the_order_in_which_they_are_tried() -> None:
    part = GLOSSARY.split("## Exclusion reasons, in the order", 1)[1].split("\n## ", 1)[0]
    named = re.findall(r"`(\w+)`", part)
    assert named == [reason.value for reason in reasons.ExclusionReason], (
        "docs/glossary.md lists them in another order than the enum in drain/policy/reasons.py"
    )


@pytest.mark.parametrize(
    ("stored", "decided"),
    [(vocabulary.PhaseState, states.PhaseState), (vocabulary.Outcome, states.Outcome)],
)
def test_the_database_and_the_policy_use_the_same_words(
    stored: type[Enum], decided: type[Enum]
) -> None:
    assert {word.value for word in stored} == {word.value for word in decided}


@pytest.mark.parametrize(("word", "definition"), DEFINITIONS.items())
def test_what_a_page_says_a_word_means_is_what_the_glossary_says(
    word: str, definition: str
) -> None:
    assert f"| {word} | {definition} |" in GLOSSARY
    asked = f'{{{{ define("{word}")'
    assert any(asked in page.read_text() for page in PAGES), "no page explains it"


def answered(ask: Callable[[], object]) -> bool:
    """Return whether a table has an answer, and one that says something."""
    try:
        return bool(ask())
    except KeyError:
        return False


@pytest.mark.parametrize("reason", reasons.ExclusionReason)
def test_a_reason_has_its_word_its_first_step_and_its_advice(
    reason: reasons.ExclusionReason,
) -> None:
    where = {
        "a sentence in drain/policy/reasons.py": answered(lambda: reason.sentence),
        "a word and a colour in drain/dashboard/ui/states.py": reason.value in REASON_WORDS,
        "a first step in drain/management/ledger.py": reason in FIRST_STEPS,
        "advice in drain/policy/actions.py": answered(lambda: for_reason(reason, ActionSubject())),
        "a line in docs/glossary.md": f"`{reason.value}`" in GLOSSARY,
    }
    missing = [what for what, there in where.items() if not there]
    assert not missing, f"{reason.value} lacks {'; '.join(missing)}"
