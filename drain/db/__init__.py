"""Hand-written SQL, and the one way to run it."""

from __future__ import annotations
