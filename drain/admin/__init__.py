"""Django admin over the same verbs as pages and commands."""

from __future__ import annotations
