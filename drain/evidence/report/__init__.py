"""The report of a drain, in every format."""

from __future__ import annotations
