"""What scripts reach over HTTP."""

from __future__ import annotations
