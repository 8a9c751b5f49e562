"""The log of an attempt: its end, any place in it, a search through all of it, and the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from drain.dashboard.attempts.ansi import Painter, Piece, plain
from drain.dashboard.attempts.reader import (
    Hits,
    LogIndex,
    NumberedLine,
    find_lines,
    find_places,
    last_lines,
    lines_around,
)
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.dashboard.http.search_terms import cleaned
from drain.engine.attempts.logs import open_log
from drain.models import Attempt

KEEP_SECONDS = 600
SHOWN = 500
MOST_HITS = 300


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line as the page shows it; `cut` if more of it was printed, `named` if an address can lead to it."""

    number: int
    pieces: list[Piece]
    cut: bool
    href: str
    hit: bool = False
    named: bool = True


@dataclass(frozen=True, slots=True)
class LogView:
    """The part of the log that is on the page."""

    lines: list[LogLine]
    total: int
    hits: int | None = None
    gone: bool = False

    @property
    def first(self) -> int:
        """Number of the first line shown."""
        return self.lines[0].number if self.lines else 0

    @property
    def last(self) -> int:
        """Number of the last line shown."""
        return self.lines[-1].number if self.lines else 0


@requires()
def attempt_log(request: HttpRequest, pk: int) -> HttpResponse:
    """The viewer; live as long as the attempt runs."""
    attempt = _attempt(pk)
    running = attempt.finished_at is None
    q = "" if running else cleaned(request.GET.get("q", ""))
    at = None if running else number_in(request, "at")
    view = _running_view(attempt) if running else _view(attempt, q, at)
    context: dict[str, Any] = {
        "now": timezone.now(),
        "attempt": attempt,
        "running": running,
        "q": q,
        "log": view,
        "address": request.path,
        "earlier": max(view.first - SHOWN // 2, 1) if view.first > 1 and not q else None,
        "later": view.last + SHOWN // 2 if view.last < view.total and not q else None,
        "session_href": link("session-detail", attempt.session_id) if attempt.session_id else "",
    }
    return page_or_fragment(
        request, "attempts/page.html", "attempts/_live.html", context, over=not running
    )


@requires()
def attempt_log_file(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The kept log as it is, streamed; a browser may only save it."""
    attempt = _attempt(pk)
    blocks = _blocks(attempt)
    if blocks is None:
        raise Http404("The log of this attempt is not in the storage any more.")
    response = StreamingHttpResponse(blocks, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="attempt-{attempt.pk}.log"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _attempt(pk: int) -> Attempt:
    return get_object_or_404(Attempt.objects.select_related("phase", "run"), pk=pk)


def _blocks(attempt: Attempt) -> Iterator[bytes] | None:
    """The log's blocks; None when the storage has lost it, which shows at the first one."""
    blocks = open_log(attempt)
    try:
        first = next(blocks, b"")
    except OSError:
        return None
    return chain([first], blocks)


def _view(attempt: Attempt, q: str, at: int | None) -> LogView:
    read = partial(open_log, attempt)
    try:
        if q:
            return _found_view(attempt, find_lines(read(), q, MOST_HITS), q)
        places = _places(attempt)
        at = min(at, places.lines) if at else at
        window = lines_around(read, places, at, SHOWN) if at else last_lines(read, places, SHOWN)
    except OSError:
        return LogView([], 0, gone=True)
    # Cut off since its lines were counted: what stood there is lost.
    lost = places.lines > 0 and not window.lines
    return LogView(_painted(window.lines, at), window.total, gone=lost)


def _places(attempt: Attempt) -> LogIndex:
    """Return the places of its lines; kept for large ones, which do not change once the attempt has ended."""
    if not attempt.log_name:
        return find_places(open_log(attempt))
    key = f"log:{attempt.pk}:{attempt.log_bytes}"
    found: LogIndex | None = caches["pages"].get(key)
    if found is None:
        found = find_places(open_log(attempt))
        caches["pages"].set(key, found, KEEP_SECONDS)
    return found


def _found_view(attempt: Attempt, found: Hits, q: str) -> LogView:
    address = link("attempt-log", attempt.pk)
    shown = [
        LogLine(
            item.number,
            _marked(plain(item.text), q),
            item.cut,
            f"{address}?at={item.number}#L{item.number}",
            named=False,
        )
        for item in found.lines
    ]
    return LogView(shown, found.all_lines, hits=found.total)


def _running_view(attempt: Attempt) -> LogView:
    lines = [
        NumberedLine(place, text, False) for place, text in enumerate(attempt.tail.splitlines(), 1)
    ]
    return LogView(_painted(lines, None), len(lines))


def _painted(lines: list[NumberedLine], at: int | None) -> list[LogLine]:
    paint = Painter().line
    return [
        LogLine(
            item.number,
            paint(item.text),
            item.cut,
            f"#L{item.number}",
            hit=item.number == at,
        )
        for item in lines
    ]


def _marked(text: str, words: str) -> list[Piece]:
    """The line in pieces, every occurrence of the words a hit; ASCII letters compare without case."""
    low, needle = _low(text), _low(words)
    pieces, start = [], 0
    while (place := low.find(needle, start)) >= 0:
        end = place + len(needle)
        pieces += [Piece(text[start:place]), Piece(text[place:end], hit=True)]
        start = end
    return [*pieces, Piece(text[start:])]


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _low(text: str) -> str:
    # str.lower() can change the length, which would put the marks beside the words.
    return text.translate(_LOWER)
