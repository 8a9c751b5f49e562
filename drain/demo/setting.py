"""Set the demo up: its files, its account, its import and its fix marker. Idempotent: what is there stays."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from drain.demo.backlog import build
from drain.demo.past import live_through
from drain.demo.reasons import MENDED
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import Fingerprint, FixMarker, Phase
from drain.models.vocabulary import Origin, PhaseState
from drain.people.first_account import NAME, Account, first_account
from drain.sources.autopack.importing import import_source
from drain.sources.autopack.registering import Registration, register

SOURCE = "demo"
MARKER = "Missing module, stray lines and test collection mended"
MARKER_BEFORE = timedelta(minutes=10)
# The stand-in has written its last word when it ends.
SETTLE_SECONDS = 5.0


def set_up(folder: Path, actor: str, now: datetime) -> Account:
    """Bring everything of the demo into place below `folder`. Raises SourceError."""
    build(folder / "autopack.db", now)
    shutil.copytree(Path(__file__).parent / "workspace", folder / "workspace", dirs_exist_ok=True)
    registration = Registration(
        url=f"sqlite:///{folder / 'autopack.db'}",
        name=SOURCE,
        workspace=str(folder / "workspace"),
        settle_seconds=SETTLE_SECONDS,
    )
    with transaction.atomic():
        source = register(registration, actor=actor, origin=Origin.COMMAND)
        if source.imported_at is None:
            live_through(source, folder / "autopack.db", now)
        import_source(source, now)
    _mark_fix(actor, now)
    return first_account() or Account(NAME, None)


def _mark_fix(actor: str, now: datetime) -> None:
    if FixMarker.objects.filter(title=MARKER).exists():
        return
    mended = Phase.objects.filter(state=PhaseState.FAILED, run__source__name=SOURCE)
    keys = {
        key
        for key, reason in mended.values_list("last_fingerprint", "last_failure_reason")
        if key and any(word in reason for word in MENDED)
    }
    known = Fingerprint.objects.filter(key__in=keys).values_list("key", flat=True)
    by = By(actor, Origin.COMMAND, now)
    add_marker(
        MARKER, by, at=now - MARKER_BEFORE, commit="b146a7f", keys=sorted(known), guarded=True
    )
