"""Hosts and their workers."""

from __future__ import annotations
