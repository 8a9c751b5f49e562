"""The site around the `drain` app: settings, embedded PostgreSQL, supervisor, addresses."""

from __future__ import annotations
