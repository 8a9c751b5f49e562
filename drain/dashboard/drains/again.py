"""Drains that follow an ended one: over its failures, over the phases that it did not reach,
and the same once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from drain.dashboard.drains.steps import NextStep, form_values
from drain.dashboard.http.links import link
from drain.models import Candidate, DrainSession
from drain.models.vocabulary import FAILURE_OUTCOMES, UNCOUNTED_OUTCOMES, PhaseState
from drain.policy.argv import same_again
from drain.policy.numbers import whole

FAILED, REST = "failed", "rest"


@dataclass(frozen=True, slots=True)
class Part:
    """Phases of an earlier drain that a new one is about; written `12:failed` in an address."""

    session: int
    name: str

    @property
    def sentence(self) -> str:
        """The choice of phases, to stand in the form."""
        which = "failed in" if self.name == FAILED else "were not reached by"
        return f"Only phases that {which} drain {self.session} and are still failed"

    def phases(self) -> QuerySet[Candidate, int]:
        """Primary keys of those that are still failed, in the order of that plan."""
        found = Candidate.objects.filter(
            session=self.session, planned_position__isnull=False, phase__state=PhaseState.FAILED
        )
        if self.name == FAILED:
            found = found.filter(outcome__in=FAILURE_OUTCOMES)
        else:
            # What ended without being tried to the end counts for nothing.
            found = found.filter(outcome__in=("", *UNCOUNTED_OUTCOMES))
        return found.order_by("planned_position").values_list("phase_id", flat=True)


def part_of(text: str) -> Part | None:
    """Read `12:failed` or `12:rest`; None for anything else."""
    number, _, name = text.partition(":")
    session = whole(number)
    return Part(session, name) if session is not None and name in (FAILED, REST) else None


def ways_again(session: DrainSession, counts: dict[str, Any], left: int) -> list[NextStep]:
    """Return links to the form of a new drain, filled in."""
    steps = []
    if counts["failed"] or counts["lost"]:
        steps.append(_narrowed("Drain what failed…", Part(session.pk, FAILED)))
    if left:
        steps.append(_narrowed("Drain the rest…", Part(session.pk, REST)))
    same = same_again(session.scope, session.limits)
    if same:
        href = f"{link('session-new')}?{urlencode(form_values(same))}"
        steps.append(NextStep("Same again…", "The same scope and limits, planned anew", href=href))
    return steps


def _narrowed(title: str, part: Part) -> NextStep:
    href = link("session-new", of=f"{part.session}:{part.name}")
    return NextStep(title, part.sentence, href=href)
