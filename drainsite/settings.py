"""Settings of a drainsite installation; everything that differs between two comes from the environment."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from drain.logs import logging_of
from drainsite import oidc
from drainsite.declared import SETTINGS, value
from drainsite.environment import (
    PACKAGE,
    chat_services,
    data_dir,
    database,
    email,
    lease_seconds,
    make_data_dir,
    secret_key,
    trusted_proxies,
    with_timeouts,
)

for _setting in SETTINGS.values():
    _setting.read()
DATA_DIR = data_dir()
DEBUG = value("DEBUG")
ALLOWED_HOSTS = value("ALLOWED_HOSTS")
# Behind TLS every cookie is secure and browsers are told to stay there; loopback speaks plain HTTP.
HTTPS = value("DRAIN_HTTPS")
TESTING = value("DRAINSITE_TESTING")

INSTALLED_APPS = [
    "drain.admin.apps.DrainAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_q",
    "axes",
    "csp",
    "drain",
    "drainsite",
]

MIDDLEWARE = [
    # First: what goes wrong in any other has the request's id in the log.
    "drain.people.request_id.RequestIdMiddleware",
    "drainsite.hung_database.HungDatabaseMiddleware",
    # Early, because a probe has no host name, no session and no wish to be led to HTTPS.
    "drainsite.health.HealthMiddleware",
    "drain.people.proxy.ForwardedSchemeMiddleware",
    # Before anything asks for the name; Django's own refusal is a traceback a request.
    "drainsite.names.NameMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages shrink to a sixth; it adds random bytes, so their length tells nothing of the tokens in them.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    # Before anything reads a cookie.
    "drain.dashboard.http.validation.StorableTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "drain.dashboard.http.timezones.ZoneMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before a token is asked for.
    "drain.dashboard.http.methods.MethodMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "drain.people.sign_on.ProxySignOnMiddleware",
    "drain.people.refused.RefusedMiddleware",
    "drain.people.private.PrivateMiddleware",
    "drain.people.stay.SessionEndMiddleware",
    "drain.people.stay.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "drain.people.gate.SignInGateMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Sign-in through a provider (drainsite.oidc): its settings, its apps, and the layer it needs.
DRAIN_OIDC_NAME = value("DRAIN_OIDC_NAME")
# Whether an account of the same name here is the provider's person: only where it names everybody.
DRAIN_OIDC_MATCH_NAMES = value("DRAIN_OIDC_MATCH_NAMES")
DRAIN_OIDC_PROVIDER = oidc.PROVIDER
OIDC = oidc.configured(DRAIN_OIDC_NAME)
if OIDC:
    globals().update(OIDC)
    INSTALLED_APPS += oidc.APPS
    MIDDLEWARE.append(oidc.MIDDLEWARE)

ROOT_URLCONF = "drainsite.urls"
WSGI_APPLICATION = "drainsite.wsgi.application"
_CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "drain.dashboard.frame.frame.shell",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        # The pages. What is not found here is looked for below.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / "templates" / "drain"],
        "OPTIONS": {
            "environment": "drain.dashboard.ui.environment.environment",
            "context_processors": _CONTEXT,
            "auto_reload": DEBUG,
        },
    },
    {
        # The admin.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates" / "django"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT},
    },
]

DATABASES = {"default": database(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Shared by the web processes and the clusters: cluster statistics would stay hidden in a local cache.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "drain_cache",
    },
    # What open dashboards share for a few seconds, in the one web process (drain.dashboard.http.cache).
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "drain_pages",
    },
}

# The phase table is the truth and a task only a wake-up (docs/architecture.md), so tasks are not kept.
# The deadline of a phase is ours: django-q2's timeout, which would kill the worker, is out of its reach, and
# with it `retry`, which must be longer: a lost loop is replaced by rescue, not by redelivery.
Q_CLUSTER: dict[str, Any] = {
    "name": "drain",
    "label": "Tasks",
    "workers": value("DRAIN_WORKERS"),
    "timeout": 7 * 86400,
    "retry": 8 * 86400,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "guard_cycle": 0.5,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.2,
    "recycle": 500,
    "scheduler": False,
    "catch_up": False,
    "ALT_CLUSTERS": {
        "maintenance": {
            "workers": 1,
            "timeout": 3600,
            "retry": 4000,
            "queue_limit": 4,
            "scheduler": True,
        },
    },
}
BROKER_URL = value("DRAIN_BROKER_URL")
if BROKER_URL:
    Q_CLUSTER["redis"] = with_timeouts(BROKER_URL)
else:
    Q_CLUSTER["orm"] = "default"

AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "drain:login"
LOGIN_REDIRECT_URL = "drain:overview"
LOGOUT_REDIRECT_URL = "drain:login"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "drain.people.locked.locked"
# One notion of the client's address for locks, audit and limits.
AXES_CLIENT_IP_CALLABLE = "drain.people.requests.address_of"

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "drainsite.formats"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
# The page of the API loads django-ninja's files. As an application it would cost every command a seventh of a
# second.
_ninja = find_spec("ninja")
STATICFILES_DIRS = [
    ("ninja", Path(each) / "static" / "ninja")
    for each in (_ninja and _ninja.submodule_search_locations) or ()
]
# `up` collects the files and serves them hashed and compressed; developers and tests take them from the
# packages.
COLLECTED = not (DEBUG or TESTING)
STATIC_ROOT = DATA_DIR / "static" if COLLECTED else None
WHITENOISE_USE_FINDERS = not COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "drainsite.collected.CollectedStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
    # Logs of attempts too large for their row; an S3-compatible storage can take this alias.
    "attempt_logs": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(DATA_DIR / "logs"),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# Somebody who leaves is signed out after the first, everybody after the second (drain.people.stay).
DRAIN_SESSION_IDLE_SECONDS = value("DRAIN_SESSION_IDLE_SECONDS")
DRAIN_SESSION_MAX_SECONDS = value("DRAIN_SESSION_MAX_SECONDS")
# Single sign-on: the name of the header, and the only addresses whose word counts. Off without both.
DRAIN_SSO_HEADER = value("DRAIN_SSO_HEADER")
DRAIN_TRUSTED_PROXIES = trusted_proxies()
# Requests that one API token may make in a minute.
DRAIN_API_PER_MINUTE = value("DRAIN_API_PER_MINUTE")
SESSION_COOKIE_AGE = DRAIN_SESSION_MAX_SECONDS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
if HTTPS:
    # Of this host alone: no other name of the domain can set or overwrite them.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_FAILURE_VIEW = "drain.people.held.no_token"
CSRF_TRUSTED_ORIGINS: list[str] = value("CSRF_TRUSTED_ORIGINS")
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Both speak for names that are not ours to speak for: who runs the domain decides.
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and value("DRAIN_HSTS_SUBDOMAINS")
SECURE_HSTS_PRELOAD = HTTPS and value("DRAIN_HSTS_PRELOAD")
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF],
        "script-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# How long a worker may be silent before its phase counts as lost.
DRAIN_LEASE_SECONDS = lease_seconds()
DRAIN_SLOTS = value("DRAIN_SLOTS")
# A phase that waits longer than this in the queue is stale.
DRAIN_STALE_AFTER = value("DRAIN_STALE_AFTER")
# Off unless switched on: marking stale phases FAILED is a decision about somebody's pipeline.
DRAIN_CLEAR_STALE = value("DRAIN_CLEAR_STALE")

# News: what links begin with, where webhooks may go besides public addresses, when a fingerprint is news.
DRAIN_SITE_URL = value("DRAIN_SITE_URL").rstrip("/")
DRAIN_WEBHOOK_NETWORKS = value("DRAIN_WEBHOOK_NETWORKS")
DRAIN_CHAT_SERVICES = chat_services()
DRAIN_NEWS_PER_HOUR = value("DRAIN_NEWS_PER_HOUR")
DRAIN_SENDS_MAIL = bool(value("DRAIN_EMAIL_URL"))
DEFAULT_FROM_EMAIL = value("DRAIN_EMAIL_FROM")
globals().update(email())

LOGGING = logging_of(value("DRAIN_LOG_FORMAT"), value("DRAIN_LOG_LEVEL"))

if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Last: whatever is refused above has made nothing.
make_data_dir(DATA_DIR)
SECRET_KEY = secret_key(DATA_DIR)
