"""The audit's verbs and subjects in people's words: it stores `session.stop`, and an export has it so."""

from __future__ import annotations

_SUBJECTS = {
    "apitoken": "API token",
    "bulk": "bulk action",
    "rollout": "drain on fix",
    "savedview": "saved view",
    "session": "drain",
    "user": "account",
}


def subject_word(subject: str) -> str:
    """Return the word for a kind of subject."""
    return _SUBJECTS.get(subject, subject.replace("_", " "))


def act_word(verb: str) -> str:
    """`session.stop` as “Drain: stop”, `clear_queued` as “Clear queued”."""
    subject, _, act = verb.replace("_", " ").partition(".")
    said = f"{subject_word(subject)}: {act}" if act else subject
    return said[:1].upper() + said[1:]
