"""What the environment says, read once and refused with a sentence when it makes no sense."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def data_dir() -> Path:
    """The folder of everything drainsite keeps: embedded database, logs, its own secret key."""
    return Path(env.str("DRAINSITE_DATA", str(BASE_DIR / "var"))).expanduser().resolve()


def secret_key(folder: Path) -> str:
    """SECRET_KEY, else a key of this installation's own, made once and readable by its user only."""
    given = env.str("SECRET_KEY", "")
    if given:
        return given
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        # link() loses against whoever made it first, so two first starts agree on one key
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def database(folder: Path) -> dict[str, Any]:
    """Django's settings for DATABASE_URL, else for the embedded server under `folder`."""
    url = env.str("DATABASE_URL", "")
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
        "prepare_threshold": 0 if env.bool("DRAIN_PREPARE", True) else None,
    }
    if not url:
        return {
            "ENGINE": "drainsite.postgres.backend",
            "NAME": "drainsite",
            "DATA_DIR": str(folder),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            "DATABASE_URL must name a PostgreSQL database (postgresql://user@host/name); "
            "unset it to use the embedded one."
        )
    try:
        read = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
    except ValueError:
        # Not chained: what it could not read may hold the password.
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read: write postgresql://user:password@host:5432/name, "
            "with %40 for an @ in the password."
        ) from None
    parsed: dict[str, Any] = {**read}
    parsed["OPTIONS"] = {**options, **_liveness(gone_after), **(parsed.get("OPTIONS") or {})}
    return parsed


def lease_seconds() -> float:
    """How long a worker may be silent before its phase counts as lost."""
    return max(env.float("DRAIN_LEASE_SECONDS", 30.0), 2.0)


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
    """The same for the server's end: what a host did when it was cut off must not hold its locks for hours."""
    idle = max(1, gone_after // 3000)
    return {
        "tcp_user_timeout": gone_after,
        "tcp_keepalives_idle": idle,
        "tcp_keepalives_interval": idle,
        "tcp_keepalives_count": 2,
    }


def with_timeouts(broker: str) -> str:
    """The Redis address with limits on how long an answer is waited for, unless it says otherwise.

    An idle cluster asks with BLPOP for one second at a time, so ten are no answer at all.
    """
    parts = urlsplit(broker)
    if parts.scheme not in {"redis", "rediss"}:
        return broker
    said = parse_qsl(parts.query, keep_blank_values=True)
    names = {name for name, _ in said}
    limits = {"socket_connect_timeout": "5", "socket_timeout": "10", "health_check_interval": "30"}
    said += [(name, value) for name, value in limits.items() if name not in names]
    return urlunsplit(parts._replace(query=urlencode(said)))


def loopback_hosts() -> list[str]:
    """The names under which a site that binds to loopback can be reached."""
    return ["localhost", "127.0.0.1", "[::1]"]
