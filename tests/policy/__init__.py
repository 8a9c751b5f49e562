"""Tests of the rules; a package so that its modules may share small backlogs."""

from __future__ import annotations
