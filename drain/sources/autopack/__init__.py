"""Autopack databases: read into ours, asked again around each attempt,
written only when a person clears a phase.
"""

from __future__ import annotations
