"""Notes on runs and fingerprints."""

from __future__ import annotations
