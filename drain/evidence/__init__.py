"""What a drain did, proved: ledger, rollups, comparison, checks, report."""

from __future__ import annotations
