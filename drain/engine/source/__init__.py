"""Sources: read again, written back to, told what became of their phases, and asked how these are run."""

from __future__ import annotations
