"""Names of a drain session on the command line: its number, or `latest`."""

from __future__ import annotations

from django.core.management.base import CommandError

from drain.models import DrainSession
from drain.policy.numbers import whole

_LATEST = "latest"


def named_session(text: str) -> DrainSession:
    """The session of that number, or the latest one. Raises CommandError with a sentence."""
    sessions = DrainSession.objects.order_by("-pk")
    if text == _LATEST:
        found = sessions.first()
    elif (number := whole(text)) is not None:
        found = sessions.filter(pk=number).first()
    else:
        raise CommandError(f"“{text}” is no drain: give its number, or `{_LATEST}`.")
    if found is None and text == _LATEST:
        raise CommandError("There is no drain yet: start one with `manage.py drain`.")
    if found is None:
        raise CommandError(f"There is no drain {text}: `manage.py drains` lists them.")
    return found
