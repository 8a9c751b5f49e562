"""News: what happened is noticed, written down once, and sent to who asked for it."""

from __future__ import annotations
