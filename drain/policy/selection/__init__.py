"""The plan of a drain: its phases, their order, and the reasons for leaving the others."""

from __future__ import annotations
