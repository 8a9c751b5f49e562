"""The scope of a session as it is stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from drain.engine.errors import MOST_IN_A_NAME, EngineError, bounded
from drain.models import Fingerprint, FingerprintAlias, Phase, Run, Source
from drain.policy.selection.rows import Scope

MOST_IN_A_DRAIN = 50_000
"""A drain keeps phases that were named one by one in its scope; a larger one is asked for by runs."""


@dataclass(frozen=True, slots=True)
class SessionScope:
    """The filter of a session: what people typed, before names become keys."""

    run_ids: tuple[str, ...] = ()
    skip_run_prefixes: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Names of sources: only runs that come from one of them."""
    phase: int | None = None
    """One phase asked for by name; it may be queued."""
    phases: tuple[int, ...] = ()
    """Only these failed phases: what somebody ticked."""
    force: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by field name."""
        return {
            "run_ids": list(self.run_ids),
            "skip_run_prefixes": list(self.skip_run_prefixes),
            "fingerprints": list(self.fingerprints),
            "sources": list(self.sources),
            "phase": self.phase,
            "phases": list(self.phases),
            "force": self.force,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The scope that `to_json` wrote."""
        return cls(
            run_ids=tuple(stored.get("run_ids", ())),
            skip_run_prefixes=tuple(stored.get("skip_run_prefixes", ())),
            fingerprints=tuple(stored.get("fingerprints", ())),
            sources=tuple(stored.get("sources", ())),
            phase=stored.get("phase"),
            phases=tuple(stored.get("phases", ())),
            force=bool(stored.get("force")),
        )

    def resolve(self, merges: dict[str, str]) -> Scope:
        """The policy's scope; keys become those they were merged into. Raises LimitError or EngineError."""
        for name in (*self.run_ids, *self.skip_run_prefixes, *self.fingerprints, *self.sources):
            bounded(name, "The name of a run, prefix, fingerprint or source", MOST_IN_A_NAME)
        return Scope(
            run_ids=frozenset(self._known_runs() if self.sources else self.run_ids),
            phases=frozenset(self.phases if self.phase is None else (self.phase,)),
            skip_run_prefixes=self.skip_run_prefixes,
            fingerprints=frozenset(merges.get(key, key) for key in self.fingerprints),
            allow_queued=self.phase is not None,
            force=self.force,
        ).validate()

    def run_pks(self, *, deleted_ok: bool = False) -> list[int] | None:
        """Primary keys of the runs in scope, None for all; raises EngineError for an unknown run.

        `deleted_ok`: those that are still there, for the books of a session whose plan is older.
        """
        if self.phase is not None:
            return list(Phase.objects.filter(pk=self.phase).values_list("run_id", flat=True))
        if self.phases:
            named = Phase.objects.filter(pk__in=self.phases)
            return list(named.order_by("run_id").values_list("run_id", flat=True).distinct())
        if not (self.run_ids or self.sources):
            return None
        known = self._known_runs()
        if not deleted_ok:
            self._require(known)
        return list(known.values())

    def _known_runs(self) -> dict[str, int]:
        """Primary keys of the runs that are named, or that come from the sources that are, by their names."""
        found = Run.objects.all()
        if self.run_ids:
            found = found.filter(run_id__in=self.run_ids)
        if self.sources:
            found = found.filter(source__name__in=self.sources)
        return dict(found.values_list("run_id", "pk"))

    def _require(self, known: Collection[str]) -> None:
        """Raises EngineError for a name that means no run: an empty scope would mean every one."""
        there = set(Source.objects.filter(name__in=self.sources).values_list("name", flat=True))
        for name in self.sources:
            if name not in there:
                raise EngineError(f"There is no source “{name}”: check the name on the page Runs.")
        for run_id in self.run_ids:
            if run_id not in known:
                which = " of these sources" if self.sources else ""
                raise EngineError(
                    f"There is no run “{run_id}”{which}: import it first, or check the name on the page Runs."
                )
        if self.sources and not known:
            raise EngineError("No run comes from these sources: import one first.")


def merged_keys() -> dict[str, str]:
    """Key → the key that stands for it now, for merged fingerprints and keys of older versions."""
    aliases = FingerprintAlias.objects.values_list("key", "fingerprint__key")
    merged = Fingerprint.objects.filter(merged_into__isnull=False)
    merges = dict(aliases.union(merged.values_list("key", "merged_into__key"), all=True))
    for key, target in list(merges.items()):
        seen = {key}
        while target in merges and target not in seen:
            seen.add(target)
            target = merges[target]  # noqa: PLW2901 - walking along the chain of merges
        merges[key] = target
    return merges
