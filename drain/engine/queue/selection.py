"""Phases by what is known of them: the one language of filters for drains, requeue, clear, discard,
holds and lists.

Filters of one kind are alternatives, different kinds narrow each other: two labels and a category mean
the phases with either label whose last failure has that category.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from django.db.models import Count, Q, QuerySet

from drain.engine.errors import MOST_IN_A_NAME, EngineError, bounded
from drain.engine.sessions.scope import MOST_IN_A_DRAIN, SessionScope, merged_keys
from drain.models import Fingerprint, Phase, Run, Source
from drain.models.vocabulary import PhaseState

LARGEST = 12
"""Runs and fingerprints that a preview names."""
MOST_VALUES = 1_000


@dataclass(frozen=True, slots=True)
class PhaseFilter:
    """A choice of phases; a field that is empty or None filters nothing."""

    run_ids: tuple[str, ...] = ()
    run_prefixes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Of the run."""
    sources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """A phase id or a phase's name; `*` stands for anything."""
    fingerprints: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    """The phase's own category, as its source gives it."""
    categories: tuple[str, ...] = ()
    """Of the last failure."""
    error: str = ""
    """A part of the last failure's text, upper and lower case alike."""
    since: datetime | None = None
    """In its state since this time or later."""
    before: datetime | None = None
    attempts_at_least: int | None = None
    attempts_at_most: int | None = None

    @property
    def is_empty(self) -> bool:
        """True if nothing is asked for, which means every phase there is."""
        return all(getattr(self, each.name) in ((), "", None) for each in fields(self))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values of what is asked for, by field name."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in found.items()
            if value not in ((), "", None)
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The filter that `to_json` wrote."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        for name in ("since", "before"):
            if name in values:
                values[name] = datetime.fromisoformat(values[name])
        return cls(**values)

    def find(self, state: PhaseState | None) -> QuerySet[Phase]:
        """Phases in this state (None: any) that match, by id.

        Raises EngineError for a run or a source that is not there.
        """
        found = Phase.objects.filter(state=state) if state else Phase.objects.all()
        return self.narrow(found).order_by("pk")

    def narrow(self, found: QuerySet[Phase]) -> QuerySet[Phase]:
        """Keep the phases that match. Raises EngineError for a run or a source that is not there."""
        self._refuse_nonsense()
        for condition in self._conditions():
            found = found.filter(condition)
        return found

    def _refuse_nonsense(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, tuple):
                continue
            if len(value) > MOST_VALUES:
                raise EngineError(f"At most {MOST_VALUES:,} values of one filter: use a pattern.")
            for text in value:
                bounded(text, "A filter", MOST_IN_A_NAME)
                if not text:
                    raise EngineError("An empty filter would match everything: leave it out.")
        bounded(self.error, "The text to look for")
        _require(Run.objects.filter(run_id__in=self.run_ids), "run_id", self.run_ids, "run")
        _require(Source.objects.filter(name__in=self.sources), "name", self.sources, "source")

    def _conditions(self) -> Iterable[Q]:
        if self.run_ids or self.run_prefixes:
            begins = (Q(run__run_id__startswith=prefix) for prefix in self.run_prefixes)
            yield _any([Q(run__run_id__in=self.run_ids), *begins])
        if self.labels:
            yield _any(Q(run__labels__contains=[label]) for label in self.labels)
        if self.names:
            yield _any(_named(pattern) for pattern in self.names)
        if self.fingerprints:
            yield Q(last_fingerprint__in=_with_merged(self.fingerprints))
        for lookup, value in (
            ("run__source__name__in", self.sources),
            ("category__in", self.types),
            ("failure_category__in", self.categories),
            ("last_failure_reason__icontains", self.error),
            ("state_changed_at__gte", self.since),
            ("state_changed_at__lt", self.before),
            ("attempts__gte", self.attempts_at_least),
            ("attempts__lte", self.attempts_at_most),
        ):
            if value not in ((), "", None):
                yield Q(**{lookup: value})


@dataclass(frozen=True, slots=True)
class Selection:
    """The size of a choice, and the runs and fingerprints that have most of it."""

    total: int
    runs: int
    largest_runs: list[tuple[str, int]]
    """(run id, phases), the largest first."""
    largest_fingerprints: list[tuple[str, str, int]]
    """(key or "", title, phases)."""

    def as_json(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "total": self.total,
            "runs": self.runs,
            "largest_runs": [{"run_id": run, "phases": count} for run, count in self.largest_runs],
            "largest_fingerprints": [
                {"fingerprint": key or None, "title": title, "phases": count}
                for key, title, count in self.largest_fingerprints
            ],
        }


def filtered_scope(asked: PhaseFilter, skip_run_prefixes: tuple[str, ...] = ()) -> SessionScope:
    """The scope of a drain of the failed phases that match now. Raises EngineError for none, or too many."""
    phases = tuple(
        asked.find(PhaseState.FAILED).values_list("pk", flat=True)[: MOST_IN_A_DRAIN + 1]
    )
    if not phases:
        raise EngineError("No failed phase matches these filters: nothing was started.")
    if len(phases) > MOST_IN_A_DRAIN:
        raise EngineError(
            f"More than {MOST_IN_A_DRAIN:,} failed phases match: narrow the filters, "
            "or drain by runs, sources and fingerprints alone."
        )
    return SessionScope(phases=phases, skip_run_prefixes=skip_run_prefixes)


def drain_scope(asked: PhaseFilter, skip_run_prefixes: tuple[str, ...] = ()) -> SessionScope:
    """The scope of a drain: by runs, sources and fingerprints as they are named,
    else the phases that match now.

    Raises EngineError where a filter matches none, or too many.
    """
    named = PhaseFilter(
        run_ids=asked.run_ids, fingerprints=asked.fingerprints, sources=asked.sources
    )
    if asked != named:
        return filtered_scope(asked, skip_run_prefixes)
    return SessionScope(
        run_ids=asked.run_ids,
        skip_run_prefixes=skip_run_prefixes,
        fingerprints=asked.fingerprints,
        sources=asked.sources,
    )


def count_selection(phases: QuerySet[Phase]) -> Selection:
    """Count what an act over these phases would touch; writes nothing."""
    plain = phases.order_by()
    runs = list(
        plain.values_list("run__run_id").annotate(n=Count("pk")).order_by("-n", "run__run_id")
    )
    prints = plain.values_list("last_fingerprint").annotate(n=Count("pk"))
    causes = list(prints.order_by("-n", "last_fingerprint")[:LARGEST])
    keys = [key for key, _ in causes]
    titles = dict(Fingerprint.objects.filter(key__in=keys).values_list("key", "title"))
    return Selection(
        total=sum(count for _, count in runs),
        runs=len(runs),
        largest_runs=runs[:LARGEST],
        largest_fingerprints=[(key, titles.get(key, ""), count) for key, count in causes],
    )


def _require(found: QuerySet[Any], field: str, names: tuple[str, ...], what: str) -> None:
    known = set(found.values_list(field, flat=True)) if names else set()
    for name in names:
        if name not in known:
            raise EngineError(f"There is no {what} “{name[:60]}”: check the name.")


def _any(conditions: Iterable[Q]) -> Q:
    either = Q()
    for condition in conditions:
        either |= condition
    return either


def _named(pattern: str) -> Q:
    if "*" not in pattern:
        return Q(phase_id=pattern) | Q(name=pattern)
    expression = "^" + ".*".join(map(re.escape, pattern.split("*"))) + "$"
    return Q(phase_id__regex=expression) | Q(name__regex=expression)


def _with_merged(asked: tuple[str, ...]) -> set[str]:
    """Return these keys, the ones that stand for them now, and every key that these stand for."""
    merges = merged_keys()
    targets = {merges.get(key, key) for key in asked}
    return targets | {key for key, target in merges.items() if target in targets}
