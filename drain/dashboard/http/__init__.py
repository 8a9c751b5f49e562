"""Requests and responses: permissions, actions, links, validation."""

from __future__ import annotations
