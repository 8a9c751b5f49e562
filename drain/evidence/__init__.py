"""The proof of a drain's results: ledger, rollups, comparison, checks, report."""

from __future__ import annotations
