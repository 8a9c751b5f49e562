"""A backlog to try drainsite on: made by code, drained for real, on this machine alone."""
