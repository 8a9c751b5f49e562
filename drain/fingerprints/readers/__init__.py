"""A text taken apart into records: tracebacks, log lines, test reports, blocks."""

from __future__ import annotations
