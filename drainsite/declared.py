"""Every variable of the environment that drainsite reads: its default, what it may be, what it is for.

Settings are read from here, and docs/settings.md is made from here (tools/reference.py), so that
neither can say what the other does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

from drain.policy.chat import SERVICES

env = Env()
_HEADER = re.compile(r"[A-Za-z0-9_-]+")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable. `kind` is a reader of environs; `fits` judges what was read."""

    name: str
    kind: str
    default: Any
    allowed: str
    """Completes the sentence "NAME is 'x': allowed is ..."."""
    meaning: str
    fits: Callable[[Any], bool] = lambda _value: True
    secret: bool = False
    """Its value is never repeated."""

    def read(self) -> Any:
        """Return the value of the environment, or the default.

        Raises:
            ImproperlyConfigured: one sentence with the name, the value and what is allowed.
        """
        try:
            value = getattr(env, self.kind)(self.name, self.default)
        except (EnvError, ValueError, OverflowError):
            raise self.refusal() from None
        if not self.fits(value):
            raise self.refusal()
        return value

    def refusal(self) -> ImproperlyConfigured:
        """Return the error for the value that the environment has now."""
        given = "set to what cannot be used" if self.secret else repr(env.str(self.name, ""))
        return ImproperlyConfigured(f"{self.name} is {given}: allowed is {self.allowed}.")


def value(name: str) -> Any:
    """Return the value of the declared variable `name`. Raises ImproperlyConfigured."""
    return SETTINGS[name].read()


def _between(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: low <= value <= high


def _networks(values: list[str]) -> bool:
    try:
        return all(ip_network(each.strip(), strict=False) for each in values)
    except ValueError:
        return False


def _origins(values: list[str]) -> bool:
    return all(each.startswith(("http://", "https://")) for each in values)


def _switch(name: str, default: bool, meaning: str) -> Setting:
    return Setting(name, "bool", default, "true or false", meaning)


def _number(name: str, default: int, low: int, high: int, meaning: str) -> Setting:
    allowed = f"a whole number from {low:,} to {high:,}"
    return Setting(name, "int", default, allowed, meaning, _between(low, high))


_DECLARED = (
    Setting(
        "DRAINSITE_DATA", "str", "var", "a folder that can be written",
        "The folder of everything drainsite keeps: the embedded database, logs, its own secret key. "
        "Without it, `var` in the checkout.",
        lambda path: bool(path.strip()),
    ),
    Setting(
        "DATABASE_URL", "str", "", "postgresql://user:password@host:5432/name",
        "A PostgreSQL database of your own. Without it drainsite runs the embedded one.", secret=True,
    ),
    Setting(
        "SECRET_KEY", "str", "", "any text that is not empty (or no such variable)",
        "Signs what browsers and workers hand back; the same on every host. Without it one is made "
        "in DRAINSITE_DATA.",
        # An empty one is a variable that somebody forgot to fill: each host would make a key of its own.
        lambda key: bool(key.strip()) or "SECRET_KEY" not in os.environ, secret=True,
    ),
    Setting(
        "DRAIN_BROKER_URL", "str", "", "redis://host:6379/0 (or rediss://, unix://)",
        "Redis as the broker of wake-ups. Without it they go through the database.",
        lambda url: not url or url.startswith(("redis://", "rediss://", "unix://")), secret=True,
    ),
    Setting(
        "ALLOWED_HOSTS", "list", ["localhost", "127.0.0.1", "[::1]"], "host names, separated by commas",
        "The names under which browsers reach the site.",
        lambda names: all(name.strip() and "/" not in name for name in names),
    ),
    Setting(
        "CSRF_TRUSTED_ORIGINS", "list", [], "addresses with http:// or https://, separated by commas",
        "Origins of forms behind a proxy that changes the host.", _origins,
    ),
    _switch("DRAIN_HTTPS", False, "Whether browsers reach the site by HTTPS: secure cookies, HSTS, redirects."),
    _switch("DRAIN_HSTS_SUBDOMAINS", False, "With DRAIN_HTTPS: whether HSTS speaks for every name below this one."),
    _switch("DRAIN_HSTS_PRELOAD", False, "With DRAIN_HTTPS: whether browsers may build HSTS for this name in."),
    Setting(
        "DRAIN_TRUSTED_PROXIES", "list", [], "IP addresses or networks such as 10.0.0.0/8, separated by commas",
        "Proxies whose word about a request counts: the client's address, and DRAIN_SSO_HEADER.", _networks,
    ),
    Setting(
        "DRAIN_SSO_HEADER", "str", "", "the name of a header, such as X-Remote-User",
        "The header in which a trusted proxy names who is signed in. Off without it.",
        lambda name: not name or bool(_HEADER.fullmatch(name)),
    ),
    Setting(
        "DRAIN_OIDC_NAME", "str", "single sign-on", "any text", "What the button of the provider says.",
    ),
    _switch(
        "DRAIN_OIDC_MATCH_NAMES", False,
        "Whether an account of the same name here is the provider's person.",
    ),
    Setting(
        "DRAIN_OIDC_ISSUER", "str", "", "the address of an OpenID Connect provider",
        "Signs people in through this provider. Off without it.",
    ),
    Setting("DRAIN_OIDC_CLIENT_ID", "str", "", "what the provider calls this site", "With DRAIN_OIDC_ISSUER."),
    Setting(
        "DRAIN_OIDC_CLIENT_SECRET", "str", "", "the secret that the provider gave", "With DRAIN_OIDC_ISSUER.",
        secret=True,
    ),
    _number("DRAIN_SESSION_IDLE_SECONDS", 4 * 3600, 60, 31_536_000, "Who does nothing for so long is signed out."),
    _number("DRAIN_SESSION_MAX_SECONDS", 12 * 3600, 60, 31_536_000, "Everybody is signed out after so long."),
    _number("DRAIN_API_PER_MINUTE", 300, 1, 1_000_000, "Requests that one API token may make in a minute."),
    _number("DRAIN_WORKERS", 2, 1, 256, "Worker processes of a drain cluster that is started by hand."),
    _number(
        "DRAIN_SLOTS", 0, 0, 10_000,
        "Phases that may run on this host at the same time; 0: the smaller of 16 a worker and 4 a core.",
    ),
    Setting(
        "DRAIN_PHASE_USER", "str", "", "the name of an OS user",
        "The user as whom phases run on this host that name no other, as `up --phase-user` sets it; workers must be root.",
    ),
    Setting(
        "DRAIN_LEASE_SECONDS", "float", 30.0, "a number of seconds from 2 to 3,600",
        "How long a worker may be silent before its phases count as lost.", _between(2, 3600),
    ),
    Setting(
        "DRAIN_STALE_AFTER", "timedelta", timedelta(hours=2), "a duration such as 90m, 2h or 1d, or whole seconds",
        "A phase that waits longer than this in the queue is stale.",
        lambda after: after > timedelta(0),
    ),
    _switch("DRAIN_CLEAR_STALE", False, "Whether maintenance marks stale phases FAILED by itself."),
    _switch(
        "DRAIN_PREPARE", True,
        "Whether statements are prepared; false behind a pooler in transaction mode.",
    ),
    Setting(
        "DRAIN_LOG_LEVEL", "str", "WARNING", f"one of {', '.join(_LEVELS)}", "From which level on the log tells.",
        lambda level: level in _LEVELS,
    ),
    Setting(
        "DRAIN_LOG_FORMAT", "str", "line", "line or json",
        "How the log is written: for people, or one JSON object a line with the ids of request, drain and attempt.",
        lambda word: word in ("line", "json"),
    ),
    Setting(
        "DRAIN_EMAIL_URL", "str", "", "submission://user:password@host:587 (STARTTLS), smtp://user:password@host:465?ssl=True (TLS) or smtp://host:25",
        "The server that takes mail. Without it none is sent.",
        lambda url: not url or url.startswith(("smtp://", "submission://")), secret=True,
    ),
    Setting(
        "DRAIN_EMAIL_FROM", "str", "drainsite@localhost", "a mail address", "Whom mail is from.",
        lambda text: "@" in text and text.isprintable(),
    ),
    Setting(
        "DRAIN_SITE_URL", "str", "", "an address with http:// or https://",
        "The address of this site as people reach it: what the links in messages begin with.",
        lambda url: not url or _origins([url]),
    ),
    Setting(
        "DRAIN_WEBHOOK_NETWORKS", "list", [], "IP addresses or networks such as 10.0.0.0/8, separated by commas",
        "Networks that are not public to which webhooks and messages of chats may be sent, also by plain http.", _networks,
    ),
    Setting(
        "DRAIN_CHAT_SERVICES", "list", [], f"some of {', '.join(SERVICES)}, separated by commas",
        "Chats that people may have their news sent to; needs drainsite[chat]. Without it none is.",
        lambda names: set(names) <= set(SERVICES),
    ),
    _number(
        "DRAIN_NEWS_PER_HOUR", 10, 1, 1_000_000,
        "A fingerprint of the last day is news once so many phases failed by it within an hour.",
    ),
    Setting(
        "DRAIN_WORKER_HOST", "str", "", "set by `manage.py up`", "Which worker host a cluster belongs to.",
    ),
    _switch("DEBUG", False, "For developers: errors with their details, and the style guide at /styleguide/."),
    _switch("DRAINSITE_TESTING", False, "Set by the tests."),
    Setting(
        "DRAINSITE_FSYNC", "str", "on", "on or off",
        "Off makes the embedded database fast and forgetful: for tests only.",
        lambda word: word in {"on", "off"},
    ),
)  # fmt: skip
SETTINGS: dict[str, Setting] = {setting.name: setting for setting in _DECLARED}
