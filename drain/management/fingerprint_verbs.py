"""Decisions at a terminal about stored fingerprints: merge, unmerge, split; each over one verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from drain.evidence.fingerprints.lifecycle import By, CauseError
from drain.evidence.fingerprints.merging import merge, unmerge
from drain.evidence.fingerprints.splitting import split
from drain.fingerprints.splitting import SplitBy
from drain.management.actor import command_actor
from drain.models import Fingerprint
from drain.models.vocabulary import Origin

VERBS = {"merge": 2, "unmerge": 1, "split": 1}
"""The number of keys that each takes."""
LEAST_OF_A_KEY = 6


def decide(verb: str, keys: Sequence[str], options: Mapping[str, Any]) -> str:
    """Do it, and return a line that says what was done. Raises CommandError, and then nothing has changed."""
    if len(keys) != VERBS[verb]:
        raise CommandError(
            f"{verb} takes {VERBS[verb]} key{'s' * (VERBS[verb] > 1)}; a file of that name is ./{verb}."
        )
    if (verb == "split") != bool(options["by"] and options["value"]):
        raise CommandError("split needs --by and --value, which no other verb takes.")
    try:
        return _decide(verb, [_found(key) for key in keys], options)
    except CauseError as error:
        raise CommandError(str(error)) from error


def _decide(verb: str, found: Sequence[Fingerprint], options: Mapping[str, Any]) -> str:
    by = By(command_actor(), Origin.COMMAND, timezone.now(), options["reason"].strip())
    one = found[0]
    if verb == "split":
        part = split(one.pk, SplitBy(options["by"]), options["value"], by)
        return f"{part.key} {part.title}: split off from {one.key}."
    if verb == "merge":
        if not merge(one.pk, found[1].pk, by):
            raise CommandError(f"{one.key} is merged already: unmerge it first.")
        return f"{one.key} {one.title}: merged into {found[1].key} {found[1].title}."
    if not unmerge(one.pk, by):
        raise CommandError(f"{one.key} is merged into no other one: nothing changed.")
    return f"{one.key} {one.title}: a fingerprint of its own again."


def _found(key: str) -> Fingerprint:
    """The fingerprint of a key, or of the beginning of one."""
    if len(key) < LEAST_OF_A_KEY:
        raise CommandError(
            f"“{key}” is too short: give at least {LEAST_OF_A_KEY} characters of the key."
        )
    found = list(Fingerprint.objects.filter(key__startswith=key)[:2])
    if len(found) == 1:
        return found[0]
    raise CommandError(
        f"{'Several fingerprints begin' if found else 'No fingerprint begins'} with “{key[:48]}”."
    )
