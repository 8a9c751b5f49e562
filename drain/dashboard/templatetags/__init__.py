"""Template libraries of the dashboard."""
