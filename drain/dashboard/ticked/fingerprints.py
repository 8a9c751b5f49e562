"""Fingerprints ticked in their list, or all that match: drained, snoozed, muted, woken or resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from drain.dashboard.fingerprints.listing import COLUMNS, DEFAULT, FingerprintFilter, listed
from drain.dashboard.http.actions import by, reason_of
from drain.dashboard.http.links import link
from drain.dashboard.http.methods import FORM
from drain.dashboard.http.permissions import requires
from drain.dashboard.lists.order import Order
from drain.dashboard.ticked.question import MOST, Result, TickedAction, chosen, drain_of
from drain.evidence.fingerprints.lifecycle import By, CauseError, mute, resolve, snooze, wake
from drain.models import Fingerprint
from drain.policy.numbers import whole

LONGEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class TickedDecision:
    """A decision about several at once: its title, its consequences, and the word for its result."""

    title: str
    text: str
    done: str
    act: Callable[[int, By, str], bool]
    """For a fingerprint by its number, with what was typed for the days."""
    days: str = ""


def _snoozed(pk: int, who: By, text: str) -> bool:
    days = whole(text, LONGEST_DAYS)
    if not days:
        raise CauseError(f"Days “{text[:20]}” makes no sense: give 1 to {LONGEST_DAYS:,}.")
    return snooze(pk, who, until=who.now + timedelta(days=days))


DECISIONS = {
    "snooze": TickedDecision("Snooze", "Their phases leave every plan until then.", "snoozed", _snoozed, "7"),
    "mute": TickedDecision(
        "Mute", "They are still counted, and nobody is told of them.", "muted", lambda pk, who, _: mute(pk, who)
    ),
    "wake": TickedDecision(
        "Wake", "They go back to what they were before they were set aside.", "awake again",
        lambda pk, who, _: wake(pk, who),
    ),
    "resolve": TickedDecision(
        "Resolve", "A failure of an attempt that starts from now on makes them regressed.", "resolved",
        lambda pk, who, _: resolve(pk, who),
    ),
}  # fmt: skip
"""By the name in the address."""


def matching_fingerprints(query: QueryDict) -> list[str]:
    """The keys of fingerprints that these filters of the list leave; one more than an act takes."""
    now = timezone.now()
    order = Order(COLUMNS[0], True, COLUMNS, DEFAULT)
    return [row["key"] for row in listed(FingerprintFilter.read(query, now), order, now, MOST + 1)]


@requires("drain.add_drainsession")
def fingerprints_drain(request: HttpRequest) -> HttpResponse:
    """Redirect to the form of a drain of the fingerprints that were ticked, or of all that match."""
    keys, _ = chosen(request, "fingerprint", matching_fingerprints)
    return drain_of(keys, "fingerprint", "fingerprints", link("fingerprint-list"), request)


@requires("drain.manage_fingerprints", FORM)
def fingerprints_decide(request: HttpRequest) -> HttpResponse:
    """Show the chosen fingerprints and ask for a reason; with it, decide and show each result."""
    name = (request.POST if request.method == "POST" else request.GET).get("act", "")
    if name not in DECISIONS:
        raise Http404("There is no such decision about fingerprints.")
    decision = DECISIONS[name]
    keys, matching = chosen(request, "fingerprint", matching_fingerprints)
    found = Fingerprint.objects.filter(key__in=keys, merged_into=None)
    known = {each.key: each for each in found.order_by("-last_seen", "-pk")}
    question = TickedAction(
        title=decision.title,
        text=decision.text,
        verb=decision.title,
        thing="fingerprint",
        name="fingerprint",
        labels={key: each.title for key, each in known.items()},
        back=link("fingerprint-list"),
        fields=[("days", "Days", decision.days)] if decision.days else [],
        act=name,
        matching=matching,
    )
    if request.method != "POST":
        return question.ask(request)
    now, days = timezone.now(), request.POST.get("days", "").strip()

    def act(key: str) -> Result:
        done = decision.act(known[key].pk, by(request, now, reason_of(request)), days)
        said = decision.done if done else f"it is {known[key].get_status_display().lower()}"
        return Result(known[key].title, done, said)

    return question.answer(request, act)
