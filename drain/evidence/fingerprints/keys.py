"""Keys of fingerprints as people give them: whole, or so much of the beginning that it can be no other one."""

from __future__ import annotations

from drain.evidence.fingerprints.lifecycle import CauseError
from drain.models import Fingerprint

SHORTEST = 4
SHOWN = 3


def whole_key(given: str) -> str:
    """The key that begins so; what no key or one of its length begins with stands for itself.

    Raises CauseError where more than one begins so.
    """
    if len(given) < SHORTEST or Fingerprint.objects.filter(key=given).exists():
        return given
    found = Fingerprint.objects.filter(key__startswith=given).order_by("key")
    keys = list(found.values_list("key", flat=True)[: SHOWN + 1])
    if len(keys) > 1:
        more = ", …" if len(keys) > SHOWN else ""
        raise CauseError(
            f"Several fingerprints begin with “{given}”: {', '.join(keys[:SHOWN])}{more}. Give more of the key."
        )
    return keys[0] if keys else given
