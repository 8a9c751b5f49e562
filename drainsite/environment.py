"""The environment's variables, read once and refused with a sentence when they make no sense."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from errno import EACCES, ENOTDIR
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dj_database_url
import dj_email_url
from django.core.exceptions import ImproperlyConfigured

from drainsite.declared import value

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
MAIL_SECONDS = 10
LONGEST_SHOWN = 300
"""Characters of a path in a sentence."""


def data_dir() -> Path:
    """Return the folder of everything drainsite keeps: embedded database, logs, its own secret key.

    Raises:
        ImproperlyConfigured: its ~ is of nobody.
    """
    given: str = value("DRAINSITE_DATA")
    if "DRAINSITE_DATA" in os.environ:
        try:
            return Path(given).expanduser().resolve()
        except (OSError, RuntimeError) as error:
            raise _unusable(Path(given), OSError(str(error))) from None
    if (CHECKOUT / "manage.py").is_file():
        return CHECKOUT / given
    # Installed from a package: the folder of packages is nobody's data.
    kept = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(kept) / "drainsite"


def make_data_dir(folder: Path) -> None:
    """Make the folder of everything drainsite keeps, unless it is there.

    Raises:
        ImproperlyConfigured: it is no folder, or none can be made or written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise _unusable(folder, NotADirectoryError(ENOTDIR, "it is a file, not a folder")) from None
    except OSError as error:
        raise _unusable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(folder, PermissionError(EACCES, "it cannot be written"))


def _unusable(folder: Path, error: OSError) -> ImproperlyConfigured:
    reason = error.strerror or str(error)
    path = str(folder)
    shown = path if len(path) <= LONGEST_SHOWN else f"{path[:LONGEST_SHOWN]}…"
    return ImproperlyConfigured(
        f"The data folder {shown} cannot be used ({reason}): name another with DRAINSITE_DATA."
    )


def secret_key(folder: Path) -> str:
    """Return SECRET_KEY, else a key of this installation's own, made once and readable by its user only.

    Raises:
        ImproperlyConfigured: the key of this installation can be neither read nor made.
    """
    given: str = value("SECRET_KEY")
    if given:
        return given
    path = folder / "secret_key"
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text().strip()
    except OSError as error:
        raise _unusable(folder, error) from None
    if not key:
        raise ImproperlyConfigured(
            f"The secret key in {path} is empty: restore it from a backup, or remove the file to have "
            "one made, which signs everybody out."
        )
    return key


def _make_key(path: Path) -> None:
    draft = path.with_name(f".secret_key.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        # link() loses against whoever made it first, so two first starts agree on one key
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)


def database(folder: Path) -> dict[str, Any]:
    """Django's settings for DATABASE_URL, else for the embedded server under `folder`."""
    url = value("DATABASE_URL")
    gone_after = max(1000, round(lease_seconds() * 1000 / 3))
    said = {
        "idle_in_transaction_session_timeout": "60s",
        "jit": "off",
        **_server_liveness(gone_after),
    }
    options: dict[str, Any] = {
        "options": " ".join(f"-c {name}={value}" for name, value in said.items()),
        # The engine's statements are prepared (drain.db.sql); 0 prepares at once. A pooler in
        # transaction mode cannot keep them: DRAIN_PREPARE=false then.
        "prepare_threshold": 0 if value("DRAIN_PREPARE") else None,
    }
    if url:
        return _given_database(url, options, gone_after)
    return {
        "ENGINE": "drainsite.postgres.backend",
        "NAME": "drainsite",
        "DATA_DIR": str(folder),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _given_database(url: str, options: dict[str, Any], gone_after: int) -> dict[str, Any]:
    """Return the settings for an address;
    one that cannot be used is refused without what may be a password.
    """
    if not url.startswith(("postgres://", "postgresql://")):
        # No more of it than the scheme: the rest may hold a password.
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url)
        begins = f"begins with {scheme[0]}" if scheme else "names no kind of database"
        raise ImproperlyConfigured(
            f"DATABASE_URL {begins}, but must name a PostgreSQL database (postgresql://user@host/name); "
            "unset it to use the embedded one."
        )
    try:
        read = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
        # Not escaped, a password's own signs end the address early, and the rest would be a host or a name.
        broken = bool(urlsplit(url).fragment) or "/" in urlsplit(url).path[1:]
    except ValueError:
        broken = True
    if broken:
        # Not chained, and none of it: what cannot be read may hold the password.
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read: write postgresql://user:password@host:5432/name, "
            "with %40 for an @, %2F for a / and %23 for a # in the password."
        )
    parsed: dict[str, Any] = {**read}
    given = parsed.get("OPTIONS") or {}
    if not (parsed.get("NAME") or given.get("service")):
        raise ImproperlyConfigured(
            "DATABASE_URL names no database: write postgresql://user:password@host:5432/name."
        )
    parsed["OPTIONS"] = {**options, **_liveness(gone_after), **given}
    return parsed


def email() -> dict[str, Any]:
    """Django's settings for DRAIN_EMAIL_URL; none without it.

    Raises:
        ImproperlyConfigured: it cannot be read.
    """
    url: str = value("DRAIN_EMAIL_URL")
    if not url:
        return {}
    try:
        found: dict[str, Any] = {**dj_email_url.parse(url)}
    except ValueError:
        # Not chained: what it could not read may hold the password.
        raise ImproperlyConfigured(
            "DRAIN_EMAIL_URL cannot be read: write submission://user:password@host:587, with %40 for an @ in the password."
        ) from None
    # A server that says nothing must not hold up the news of others for ever.
    found["EMAIL_TIMEOUT"] = found.get("EMAIL_TIMEOUT") or MAIL_SECONDS
    return {name: each for name, each in found.items() if name.startswith("EMAIL_")}


def lease_seconds() -> float:
    """Return for how long a worker may be silent before its phase counts as lost."""
    seconds: float = value("DRAIN_LEASE_SECONDS")
    return seconds


def _liveness(gone_after: int) -> dict[str, int]:
    """Limits on how long a connection whose other end is gone looks alive: `gone_after` milliseconds.

    libpq has none of its own: a statement sent into a dead link would wait for a quarter of an hour.
    """
    idle = max(1, gone_after // 3000)
    return {
        "connect_timeout": max(2, min(10, gone_after // 1000)),
        "tcp_user_timeout": gone_after,
        "keepalives": 1,
        "keepalives_idle": idle,
        "keepalives_interval": idle,
        "keepalives_count": 2,
    }


def _server_liveness(gone_after: int) -> dict[str, int]:
    """The same for the server's end:
    what a host did when it was cut off must not hold its locks for hours.
    """
    idle = max(1, gone_after // 3000)
    return {
        "tcp_user_timeout": gone_after,
        "tcp_keepalives_idle": idle,
        "tcp_keepalives_interval": idle,
        "tcp_keepalives_count": 2,
    }


def trusted_proxies() -> list[str]:
    """Return the networks whose word about a request counts.

    Raises:
        ImproperlyConfigured: everybody would be trusted to say who they are.
    """
    networks: list[str] = value("DRAIN_TRUSTED_PROXIES")
    everybody = [each for each in networks if ip_network(each.strip(), strict=False).prefixlen == 0]
    if everybody and value("DRAIN_SSO_HEADER"):
        raise ImproperlyConfigured(
            f"DRAIN_TRUSTED_PROXIES is {everybody[0]!r}, which trusts everybody to say in DRAIN_SSO_HEADER "
            "who they are: name the addresses of your proxy only."
        )
    return networks


def with_timeouts(broker: str) -> str:
    """The Redis address with limits on how long an answer is waited for, unless it says otherwise.

    An idle cluster asks with BLPOP for one second at a time, so ten are no answer at all.

    Raises:
        ImproperlyConfigured: it cannot be read.
    """
    try:
        parts = urlsplit(broker)
        # Not escaped, a password's own signs end the address early, and the rest would be a port or a number.
        broken = bool(parts.fragment) or parts.port == 0 or "@" in parts.path + parts.query
    except ValueError:
        broken = True
    if broken:
        # Not chained, and none of it: what cannot be read may hold the password.
        raise ImproperlyConfigured(
            "DRAIN_BROKER_URL cannot be read: write redis://:password@host:6379/0, "
            "with %40 for an @, %2F for a / and %23 for a # in the password."
        )
    if parts.scheme not in {"redis", "rediss"}:
        return broker
    said = parse_qsl(parts.query, keep_blank_values=True)
    names = {name for name, _ in said}
    limits = {"socket_connect_timeout": "5", "socket_timeout": "10", "health_check_interval": "30"}
    said += [(name, value) for name, value in limits.items() if name not in names]
    return urlunsplit(parts._replace(query=urlencode(said)))


def chat_services() -> list[str]:
    """Return the chats that news may go to. Raises ImproperlyConfigured without the packages that speak to them."""
    named: list[str] = value("DRAIN_CHAT_SERVICES")
    missing = [name for name in ("apprise", "cryptography") if find_spec(name) is None]
    if named and missing:
        raise ImproperlyConfigured(
            f"DRAIN_CHAT_SERVICES is set to {','.join(named)}, but a package is missing ({', '.join(missing)}): "
            "pip install 'drainsite[chat]', or unset it."
        )
    return named
