"""Intervals and the functions behind them."""

from __future__ import annotations
