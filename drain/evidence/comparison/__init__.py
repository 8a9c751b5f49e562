"""Two sides compared: the question, its rows, its figures."""

from __future__ import annotations
