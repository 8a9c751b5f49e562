"""Django's PostgreSQL backend on the embedded server: it starts with the first connection."""
