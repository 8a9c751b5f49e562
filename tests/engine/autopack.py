"""A copy of the sample Autopack database, imported, for tests of the engine."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.utils import timezone

from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import DrainSession, ExecutorProfile, Phase, Source
from drain.models.vocabulary import Origin, SourceKind
from drain.policy.stopping.limits import Limits
from drain.sources.autopack.importing import import_source
from drain.sources.autopack.profile import save_profile

RUN = "research-system-v2"
DATA = Path(__file__).resolve().parents[1] / "data"


class Autopack:
    """A copy of the sample database, imported, with the stub script behind it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "autopack.sqlite3"
        shutil.copy(DATA / "autopack_sample.sqlite3", self.path)
        self.source = Source.objects.create(
            name="sample",
            kind=SourceKind.AUTOPACK,
            url=f"sqlite:///{self.path}",
            workspace=str(DATA / "autopack_workspace"),
            settle_seconds=1,
        )
        self.profile = save_profile(self.source)
        self.load()

    def load(self) -> None:
        import_source(self.source, timezone.now())

    def tell(self, **env: str) -> None:
        """Set the behaviour of the stub script."""
        ExecutorProfile.objects.filter(pk=self.profile.pk).update(env={**self.profile.env, **env})

    def states(self) -> dict[str, str]:
        """Return the states in the source itself."""
        with closing(sqlite3.connect(self.path)) as database:
            return dict(
                database.execute("SELECT phase_id, state FROM phases WHERE run_id = ?", [RUN])
            )

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(sql)

    def session(self, run_ids: tuple[str, ...] = (RUN,), **limits: Any) -> DrainSession:
        asked = DrainRequest(
            SessionScope(run_ids=run_ids),
            Limits(**limits),
            "os:test@host",
            Origin.COMMAND,
            inline=True,
        )
        return create_session(asked, timezone.now())


def ours() -> dict[str, str]:
    return dict(Phase.objects.filter(run__run_id=RUN).values_list("phase_id", "state"))
