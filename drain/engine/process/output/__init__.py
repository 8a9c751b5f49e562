"""What a phase prints and reports while it runs: its log, its report, bounded."""

from __future__ import annotations
