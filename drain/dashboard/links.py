"""Addresses of what a session page names; "" where an installation has no such page."""

from __future__ import annotations

from drain.dashboard.addresses import link


def attempt_href(pk: int) -> str:
    """The log of an attempt."""
    return link("attempt-log", pk)


def cause_href(key: str) -> str:
    """The page of a fingerprint."""
    return link("fingerprint-detail", key)


def report_href(session: int) -> str:
    """The report about a session."""
    return link("session-report", session)


def marker_href(pk: int) -> str:
    """The evidence about a fix."""
    return link("marker-detail", pk)


def run_href(run_id: str) -> str:
    """The run of this name, found by the list of runs."""
    return link("run-list", q=run_id)


def run_page_href(pk: int) -> str:
    """The page of a run."""
    return link("run-detail", pk)


def phase_href(pk: int) -> str:
    """The page of a phase."""
    return link("phase-detail", pk)


def excluded_href(session: int, reason: str) -> str:
    """The phases behind one reason of a session's ledger."""
    return link("session-excluded", session, reason)
