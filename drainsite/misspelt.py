"""Variables of the environment that look like a setting and are none:
a typing error in a name is seen by nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from drain.engine.process.environment import CONTRACT_NAMES, PARAM_PREFIX
from drain.policy.inert import inert
from drainsite.declared import SETTINGS

OURS = re.compile(r"(?:DRAINSITE|DRAIN)_(.*)", re.IGNORECASE | re.DOTALL)
"""Prefixes that no other program has.
DATABASE_URL and its like are everybody's, and so are names near them.
"""
OTHERS = CONTRACT_NAMES | {
    # What calls the API, in a shell or from CI (docs/ci.md, docs/api.md).
    "DRAIN_URL", "DRAIN_TOKEN",
    # compose.yaml, tools and tests.
    "DRAINSITE_SECRET_KEY", "DRAINSITE_DB_PASSWORD", "DRAINSITE_HOSTS", "DRAINSITE_HTTPS", "DRAINSITE_PROXIES",
    "DRAINSITE_BROKER_URL", "DRAIN_USER", "DRAIN_PASSWORD", "DRAINSITE_CHROMIUM", "DRAINSITE_BENCH_DATA",
    "DRAINSITE_WRITE_DOCS",
    # The mark of processes of the site that no sweep ends.
    "DRAINSITE_OWN",
}  # fmt: skip
"""Names with our prefixes that are read by something else than the site, or that a phase is given."""
CLOSE = 0.75
"""So like (difflib's ratio) is a name that was meant: of another word, REDIS for EMAIL, the guess would be wrong."""
_SERVICE = "_SERVICE_HOST"
"""The end of a name that Kubernetes gives to containers, for a service that may be called drainsite too."""


def misspelt(names: Iterable[str]) -> list[str]:
    """Return one sentence for each of these names that begins as a setting does and is none, in order."""
    given = sorted(names)
    services = [name.removesuffix(_SERVICE) for name in given if name.endswith(_SERVICE)]
    told = tuple(f"{service}_{part}" for service in services for part in ("SERVICE_", "PORT"))
    return [_sentence(name) for name in given if _is_unknown(name) and not name.startswith(told)]


def _is_unknown(name: str) -> bool:
    known = name in SETTINGS or name in OTHERS or name.startswith(PARAM_PREFIX)
    return OURS.fullmatch(name) is not None and not known


def _sentence(name: str) -> str:
    # Compared without prefixes, which all have in common and some settings have not.
    bare = {_bare(setting): setting for setting in SETTINGS}
    near = get_close_matches(_bare(name), bare, n=1, cutoff=CLOSE)
    way_out = f"did you mean {bare[near[0]]}?" if near else "docs/settings.md lists those that are."
    return inert(f"{name} is not a setting of drainsite, so nothing reads it: {way_out}", kept="")


def _bare(name: str) -> str:
    found = OURS.fullmatch(name)
    return (found[1] if found else name).upper()
