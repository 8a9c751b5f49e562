"""Bringing work in: a file or pasted text, previewed, then imported."""
