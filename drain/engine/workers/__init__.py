"""Worker processes and hosts: who they are, what they can run, how they are woken."""

from __future__ import annotations
