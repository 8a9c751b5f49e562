"""The WSGI application that the web server runs, warmed before it answers its first request."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
application = get_wsgi_application()

# Only now are there settings and models to import.
from drainsite.warming import warm  # noqa: E402

warm()
