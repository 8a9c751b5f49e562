"""The frame around every page: navigation with counts, and the identity strip.

Templates read one value, `shell`. It is computed on first use, so a fragment that does not draw the
shell asks the database nothing; the counts are shared by all dashboards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from drain.dashboard.frame.counts import ShellCounts, read_counts
from drain.dashboard.http.cache import shared
from drain.dashboard.http.links import link
from drain.dashboard.http.timezones import OFFERED
from drain.dashboard.ui.formats import number
from drain.engine.news.inbox import unseen

KEEP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class NavCount:
    """The chip behind a destination: a text, and what tells whether it is a worry."""

    text: str
    css: str = ""
    icon: str = ""
    unit: str = ""
    """A word for screen readers, where the number alone says too little."""
    turns: bool = False


@dataclass(frozen=True, slots=True)
class NavItem:
    """One destination. `key` is its keyboard shortcut, `also` the names that light it as well."""

    name: str
    label: str
    icon: str
    key: str
    also: tuple[str, ...] = ()
    short: str = ""
    href: str = ""
    current: bool = False
    count: NavCount | None = None


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page: where it can lead, what it talks to, and in which time zone."""

    nav: tuple[NavItem, ...]
    more: tuple[NavItem, ...]
    new_drain: str
    search: str
    login: str
    logout: str
    admin: str
    news: str
    counts: ShellCounts
    zone: str
    zones: tuple[str, ...]
    rendered_at: datetime
    you: str = ""
    """The name of who is signed in, "" for nobody."""
    unseen: int = 0
    """News that they have not seen yet, counted up to 99."""
    staff: bool = False

    @property
    def home(self) -> str:
        """The address that the brand leads to."""
        return self.nav[0].href if self.nav else "/"

    @property
    def tabs(self) -> tuple[NavItem, ...]:
        """The first four destinations of the phone's tab bar; the fifth tab is More."""
        return self.nav[:4]

    @property
    def beyond_tabs(self) -> tuple[NavItem, ...]:
        """The destinations in the More tab."""
        return self.nav[4:] + self.more


_NAV = (
    NavItem("overview", "Overview", "layout-dashboard", "g o"),
    NavItem("session-list", "Drains", "droplet", "g d", ("session-detail", "session-new")),
    NavItem(
        "run-list",
        "Runs",
        "stack-2",
        "g r",
        ("run-detail", "phase-detail", "attempt-log", "import-new"),
    ),
    NavItem(
        "fingerprint-list",
        "Fingerprints",
        "fingerprint",
        "g f",
        ("fingerprint-detail",),
        "Fingerprints",
    ),
    NavItem("queued-list", "Queued", "clock", "g q"),
    NavItem(
        "evidence",
        "Evidence",
        "report-analytics",
        "g e",
        ("marker-detail", "marker-new", "check-new", "evidence-compare", "telemetry"),
    ),
    NavItem("worker-list", "Workers", "server-2", "g w", ("executor-set",)),
)
_MORE = (
    NavItem("autopilot-list", "Autopilot", "repeat", "g p"),
    NavItem("source-list", "Sources", "database", "g s"),
    NavItem("telemetry", "Telemetry", "activity", "g t"),
    NavItem("audit-list", "Audit", "history", "g a"),
)


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor: `shell`, evaluated only by templates that use it."""
    return {"shell": SimpleLazyObject(lambda: build_shell(request))}


def build_shell(request: HttpRequest) -> Shell:
    """The shell for one request; signed-out pages get no counts."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    match = request.resolver_match
    current = match.url_name or "" if match else ""
    counts = shared_counts() if signed_in else ShellCounts()
    return Shell(
        nav=_items(_NAV, current, counts),
        more=_items(_MORE, current, counts),
        new_drain=link("session-new"),
        search=link("search"),
        login=link("login"),
        logout=link("logout"),
        admin=link("admin:index"),
        news=link("news"),
        counts=counts,
        zone=timezone.get_current_timezone_name(),
        zones=OFFERED,
        rendered_at=timezone.now(),
        you=user.get_username() if user and signed_in else "",
        unseen=_unseen(int(user.pk)) if user and signed_in else 0,
        staff=bool(user and signed_in and user.is_staff),
    )


def _unseen(user: int) -> int:
    return shared(f"news:{user}", KEEP_SECONDS, lambda: unseen(user))


def _items(items: tuple[NavItem, ...], current: str, counts: ShellCounts) -> tuple[NavItem, ...]:
    return tuple(
        replace(
            item,
            short=item.short or item.label,
            href=href,
            current=current == item.name or current in item.also,
            count=_count(item.name, counts),
        )
        for item in items
        if (href := link(item.name))
    )


def _count(name: str, counts: ShellCounts) -> NavCount | None:
    """Return the count behind the destination `name`; None where there is nothing to count."""
    if name == "session-list" and counts.running_drains:
        text = number(counts.running_drains)
        return NavCount(text, "s-running", "loader-2", "running", turns=True)
    if name == "queued-list" and counts.stale:
        return NavCount(number(counts.stale), "s-held", "alert-triangle-filled", "stale")
    if name == "worker-list" and counts.workers_asked:
        missing = counts.workers_alive < counts.workers_asked
        alive = f"{counts.workers_alive}/{counts.workers_asked}"
        return NavCount(alive, "s-lost" if missing else "")
    plain = {"run-list": counts.runs, "fingerprint-list": counts.fingerprints}.get(name)
    return NavCount(number(plain)) if plain else None


def shared_counts() -> ShellCounts:
    """The counts of a few seconds ago if somebody has just asked, else fresh ones."""
    return shared("shell", KEEP_SECONDS, lambda: read_counts(timezone.now()))
