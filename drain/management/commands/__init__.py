"""One command a file, thin over the verbs of the packages below."""

from __future__ import annotations
