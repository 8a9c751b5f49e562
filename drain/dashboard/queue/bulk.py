"""A bulk action while a worker does it and afterwards: how far it is, what became of each row, and cancel."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from drain.dashboard.http.actions import attempt, person, verb
from drain.dashboard.http.permissions import require, requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.engine.bulk.actions import ROW_ACTIONS
from drain.engine.bulk.worker import cancel_bulk
from drain.engine.workers.hosts import strength
from drain.models import BulkAction, BulkItem
from drain.models.vocabulary import BulkState

SHOWN = 50
LIVE = (BulkState.WAITING, BulkState.RUNNING)


@requires()
def bulk_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; live until it is over. `show=left` lists only the rows that were left alone."""
    action = get_object_or_404(BulkAction, pk=pk)
    live = action.state in LIVE
    only_left = request.GET.get("show") == "left"
    items, older = _items(action, number_in(request, "after") or 0, only_left=only_left)
    handled = action.done + action.left_alone
    context = {
        "now": timezone.now(),
        "action": action,
        "given": [
            (name.replace("_", " "), value)
            for name, value in action.given.items()
            if name != "reason" and value not in (None, "")
        ],
        "live": live,
        "may_cancel": live and request.user.has_perm(ROW_ACTIONS[action.verb].permission),
        "nobody": live and not strength().hosts,
        "handled": handled,
        "open": action.total - handled,
        "share": handled / action.total if action.total else 1.0,
        "bar": [("done", action.done), ("excluded", action.left_alone)],
        "items": items,
        "older": older,
        "only_left": only_left,
        "after": request.GET.get("after", ""),
        "back": _own(request, action.back),
    }
    # What is over changes no more.
    return page_or_fragment(request, "bulk/page.html", "bulk/_live.html", context, over=not live)


@verb("drain.view_phase")
def bulk_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Do no further step; for who may do the act itself."""
    action = get_object_or_404(BulkAction, pk=pk)
    require(request, ROW_ACTIONS[action.verb].permission)

    def act() -> str:
        cancel_bulk(pk, person(request))
        return "Cancelled: what is done stays done, the rest stays as it is."

    return attempt(request, act, reverse("drain:bulk-detail", args=[pk]))


def _items(action: BulkAction, after: int, *, only_left: bool) -> tuple[list[BulkItem], int]:
    """Rows with a result, in the order in which they were frozen, and where the next page begins."""
    found = BulkItem.objects.filter(action=action, pk__gt=after).order_by("pk")
    found = found.filter(done=False) if only_left else found.exclude(done=None)
    page = list(found[: SHOWN + 1])
    return page[:SHOWN], page[SHOWN - 1].pk if len(page) > SHOWN else 0


def _own(request: HttpRequest, address: str) -> str:
    """The list it was asked from; nothing that leads elsewhere."""
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if safe else ""
