"""The Django application that holds everything about runs, phases and drains."""

from __future__ import annotations

from django.apps import AppConfig


class DrainConfig(AppConfig):
    """One app: several would split one aggregate across migration graphs."""

    name = "drain"
    verbose_name = "drainsite"

    def ready(self) -> None:
        """Have sign-ins written down."""
        from drain.people.signed import connect

        connect()
