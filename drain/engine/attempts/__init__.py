"""One attempt: claimed, started, run, finished, judged."""

from __future__ import annotations
