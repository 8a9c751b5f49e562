"""The cost of every page with a million phases, three million attempts and 20,000 runs.

    DRAINSITE_DATA=/tmp/fleet python bench/pages.py [--only WORD] [--rounds 25] [--no-dashboards] [--explain MS]

Builds the fleet (bench/fleet/build.py) when it is not there, which takes some minutes, and keeps it. Each
page is asked for in this process as a signed-in operator; times are milliseconds of the server. "first" is
the first request of all, "alone" the median when nothing is shared (what open dashboards share for seconds is
forgotten before each request), median, p95 and queries those of requests one after another. "busy" is the
mean that this process and its database backend computed, divided by how much longer than at its best the
machine took for a fixed piece of work between the requests: other work on the machine hardly changes it.
Sizes are what goes over the wire, in kB: the page, all that its first load needs (page, styles, scripts,
fonts, icons), and its live part. At the end a real web server is asked by 1 and by 20 dashboards every 5
seconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

import django
import psycopg

django.setup()

from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.fleet import dashboards
from bench.fleet.build import LIVE, PERSON, RUNS, SESSIONS, build, built
from bench.fleet.first_load import first_load
from drain.evidence.fixes.schedule import judge_fixes
from drain.models import Attempt, Phase, Run
from drain.people.sign_on import BACKEND
from drainsite.warming import warm

ALONE = 5
PACES = 200
asked: list[str] = []
GOAL = {"median": 50.0, "p95": 120.0, "queries": 12, "charts": 350.0, "plain": 130.0, "live": 30.0}


@dataclass(frozen=True, slots=True)
class Page:
    """A page by a name, its address, and whether it refreshes itself."""

    name: str
    address: str
    live: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds, questions to the database and kB of one page."""

    first: float
    alone: float
    busy: float
    median: float
    p95: float
    queries: int
    page: float
    whole: float
    live: float
    charts: bool

    @property
    def over(self) -> str:
        """The goals that the page misses."""
        whole = GOAL["charts"] if self.charts else GOAL["plain"]
        found = {
            "median": self.median > GOAL["median"],
            "p95": self.p95 > GOAL["p95"],
            "queries": self.queries > GOAL["queries"],
            "first load": self.whole > whole,
            "refresh": self.live > GOAL["live"],
        }
        return ", ".join(name for name, over in found.items() if over)


def pages() -> Iterator[Page]:
    """Every page, over the largest rows that it can meet."""
    phase = _largest_runs_phase()
    yield from _pages_of_work(phase)
    yield from _pages_of_drains()
    yield from _pages_of_the_admin(phase)


def _largest_runs_phase() -> Phase:
    busy = RUNS - RUNS % 5
    return Phase.objects.filter(run=busy, state="FAILED").order_by("-pk")[0]


def _pages_of_work(phase: Phase) -> Iterator[Page]:
    run = Run.objects.filter(run_id__startswith="nightly").order_by("-pk")[40]
    attempt = Attempt.objects.filter(log_inline__isnull=False).order_by("-pk")[0]
    yield _to("overview", live=True)
    yield _to("overview", live=True, said="7 d", hours=168)
    yield _to("run-list", live=True)
    yield _to("run-list", live=True, said="failed", state="FAILED")
    yield _to("run-list", live=True, said="queued", state="QUEUED")
    yield _to("run-list", live=True, said="stale", stale=1)
    yield _to("run-list", live=True, said="held", held=1)
    yield _to("run-list", live=True, said="by name", q="nightly-01")
    yield _to("run-list", live=True, said="rare word", q=f"needle{phase.pk}")
    yield _to("run-list", live=True, said="common word", q="ImportError")
    yield _to("run-list", live=True, said="deep page", before=RUNS // 3)
    yield _to("run-detail", phase.run_id, live=True)
    yield _to("run-detail", run.pk, live=True, said="other")
    yield _to("phase-detail", phase.pk, live=True)
    yield _to("attempt-log", attempt.pk)
    yield _to("attempt-log", attempt.pk, said="search", q="worked")
    yield _to("search", said="id", q=phase.phase_id[:10])
    yield _to("search", said="common id", q="build")
    yield _to("search", said="error", q=f"needle{phase.pk}")
    yield _to("search", said="common error", q="ImportError")


def _pages_of_drains() -> Iterator[Page]:
    cause = Phase.objects.filter(state="FAILED").order_by("-pk").values("last_fingerprint")[0]
    key = cause["last_fingerprint"]
    yield _to("session-list", live=True)
    yield _to("session-detail", LIVE, live=True)
    yield _to("session-detail", SESSIONS, said="ended")
    yield _to("session-excluded", LIVE, "beyond_batch")
    yield _to("session-report", 5)
    yield _to("session-new")
    yield _to("queued-list", live=True)
    yield _to("queued-list", live=True, said="stale", stale=1)
    yield _to("fingerprint-list", live=True)
    yield _to("fingerprint-list", live=True, said="search", q="module_3")
    yield _to("fingerprint-detail", key)
    yield _to("telemetry", live=True)
    yield _to("evidence")
    yield _to("marker-detail", 1)
    yield _to("marker-detail", 5, said="old")
    yield _to("evidence-compare", said="drains", kind="drains", a=5, b=SESSIONS)
    yield _to("evidence-compare", said="sources", kind="sources", a=1, b=2, days=7)
    yield _to("worker-list", live=True)
    yield _to("audit-list")
    yield _to("bulk-detail", 1)


def _pages_of_the_admin(phase: Phase) -> Iterator[Page]:
    for model in ("run", "phase", "attempt", "transition", "fingerprint", "drainsession"):
        yield _to(f"admin:drain_{model}_changelist")
    yield _to("admin:drain_phase_changelist", said="failed", state__exact="FAILED")
    yield _to("admin:drain_phase_changelist", said="search", q=phase.phase_id)
    yield _to("admin:index")


def _to(name: str, *values: object, live: bool = False, said: str = "", **asked: object) -> Page:
    query = "&".join(f"{word}={value}" for word, value in asked.items())
    address = reverse(name if ":" in name else f"drain:{name}", args=values)
    label = f"{name}{f' {said}' if said else ''}"
    return Page(label, address + (f"?{query}" if query else ""), live)


def cost(client: Client, page: Page, rounds: int, best: float) -> Cost:
    """Ask for a page some times and weigh it; `best` is the best pace of this machine."""

    def ask(times: int, *, alone: bool) -> list[float]:
        took = []
        for _ in range(times):
            if alone:
                caches["pages"].clear()
            asked.clear()
            took.append(_ask(client, page.address)[1])
        return took

    caches["pages"].clear()
    first = _ask(client, page.address)[1]
    alone = statistics.median(ask(ALONE, alone=True))
    caches["pages"].clear()
    spent, worked, paces = [], 0.0, [_pace()]
    for _ in range(rounds):
        before = _worked()
        spent += ask(1, alone=False)
        worked += _worked() - before
        paces.append(_pace())
    spent.sort()
    busy = worked / rounds * min(best, *paces) / statistics.mean(paces)
    questions = len(asked)
    answer = _ask(client, page.address)[0]
    whole, charts = first_load(answer)
    live = len(_ask(client, page.address, live=True)[0].content) / 1000 if page.live else 0.0
    median, high = statistics.median(spent), spent[min(int(rounds * 0.95), rounds - 1)]
    kb = len(answer.content) / 1000
    return Cost(first, alone, busy, median, high, questions, kb, whole, live, charts)


def _pace() -> float:
    """Milliseconds that a fixed piece of work takes this process now;
    a busy sibling of the core doubles it.
    """
    started = time.process_time()
    "".join(f"<a {n}>{str(n).replace('1', '&amp;')}</a>" for n in range(9000))
    return (time.process_time() - started) * 1000


def _worked() -> float:
    """Milliseconds that this process and its backend of the database have computed."""
    backend = connection.connection.info.backend_pid
    words = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    ticks = int(words[11]) + int(words[12])
    return time.process_time() * 1000 + ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _ask(client: Client, address: str, *, live: bool = False) -> tuple[Any, float]:
    headers = {"Accept-Encoding": "gzip"} | ({"HX-Request": "true"} if live else {})
    started = time.perf_counter()
    answer = client.get(address, headers=headers)
    took = (time.perf_counter() - started) * 1000
    if answer.status_code != 200:
        sys.exit(f"{address} answers {answer.status_code}.")
    return answer, took


def watch(least: float | None) -> None:
    """Note every statement from now on, Django's and the engine's;
    print those of at least so many milliseconds.
    """
    execute: Callable[..., Any] = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *values: Any, **options: Any) -> Any:
        started = time.perf_counter()
        found = execute(cursor, query, *values, **options)
        took = (time.perf_counter() - started) * 1000
        text = query.decode() if isinstance(query, bytes) else str(query)
        asked.append(text)
        if least is not None and took >= least:
            print(f"    {took:6.1f} ms  {' '.join(text.split())[:3000]}")
        return found

    psycopg.Cursor.execute = noted  # type: ignore[method-assign,assignment]


def main() -> None:
    """Print one line a page, then what dashboards cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="pages whose name holds this word")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--no-dashboards", action="store_true")
    parser.add_argument("--explain", type=float, metavar="MS", help="print slower statements")
    parser.add_argument("--port", type=int, default=8144)
    options = parser.parse_args()
    if not built():
        build()
    call_command("collectstatic", interactive=False, verbosity=0)
    warm()
    # As maintenance of a site that is up has: pages read what it kept.
    judge_fixes(timezone.now(), limit=100)
    watch(options.explain)
    client = Client()
    person = User.objects.get(username=PERSON)
    client.force_login(person, backend=BACKEND)
    print(
        f"{'page':38} {'first':>7} {'alone':>7} {'busy':>7} {'median':>7} {'p95':>7} {'queries':>7} {'kB':>6} {'load':>6} {'live':>6}"
    )
    best = min(_pace() for _ in range(PACES))
    for page in pages():
        if options.only not in page.name:
            continue
        c = cost(client, page, options.rounds, best)
        print(
            f"{page.name:38} {c.first:7.1f} {c.alone:7.1f} {c.busy:7.1f} {c.median:7.1f} {c.p95:7.1f} {c.queries:7d} {c.page:6.1f}"
            f" {c.whole:6.1f} {c.live:6.1f}  {c.over}",
            flush=True,
        )
    if not options.no_dashboards:
        dashboards.measure(client, options.port)


if __name__ == "__main__":
    main()
