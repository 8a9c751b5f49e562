"""The output of a phase while it runs: its log, its report, bounded."""

from __future__ import annotations
