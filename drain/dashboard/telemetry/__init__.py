"""Telemetry yield."""

from __future__ import annotations
