"""Executors: their list and their form."""
