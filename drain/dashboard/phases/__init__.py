"""One phase."""

from __future__ import annotations
