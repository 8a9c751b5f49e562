"""Tests of the fingerprints; a package so that its modules may share one corpus."""

from __future__ import annotations
