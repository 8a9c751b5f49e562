"""Server-rendered pages: parse, call one verb, render."""

from __future__ import annotations
