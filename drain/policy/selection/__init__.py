"""Which phases a drain takes, in which order, and why it leaves the others."""

from __future__ import annotations
