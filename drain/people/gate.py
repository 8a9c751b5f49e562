"""Before the sign-in: guesses of one address end, whatever names they are for,
and few passwords are hashed at once.

A password is hashed for a good part of a second, on purpose. So whoever sends guesses without end must
neither take every thread of the web server nor make others wait: one address has its share of the places, all
addresses together leave threads for everything else, and who finds no place is told at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from drain.people.locked import busy, locked_address
from drain.people.requests import address_of

PLACES = 4
"""Sign-ins that are judged at once, of the eight requests that the web server answers at once."""
EACH_ADDRESS = 2
MOST_FAILURES = 50
"""Failed sign-ins of one address, over all names, until it is locked for as long as a name would be."""


class Places:
    """The attempts to sign in that are being judged, by address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, address: str) -> Iterator[bool]:
        """Hold a place while inside; False if there is none."""
        with self._lock:
            free = self._taken.total() < PLACES and self._taken[address] < EACH_ADDRESS
            self._taken[address] += free
        try:
            yield free
        finally:
            with self._lock:
                self._taken[address] -= free
                self._taken += Counter()  # forgets addresses that hold none


_places = Places()


class SignInGateMiddleware:
    """Lets sign-ins through, a few at a time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 429 to who guessed too often, or finds no place."""
        if request.method != "POST" or request.path_info != reverse("drain:login"):
            return self._next(request)
        address = address_of(request)
        if _failures(address) >= MOST_FAILURES:
            return locked_address(request)
        with _places.one(address) as free:
            return self._next(request) if free else busy(request)


def _failures(address: str) -> int:
    since = timezone.now() - (get_cool_off() or timedelta())
    of_address = AccessAttempt.objects.filter(ip_address=address, attempt_time__gte=since)
    return of_address.aggregate(n=Sum("failures_since_start"))["n"] or 0
