"""Django admin with drainsite's own site."""

from __future__ import annotations

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class DrainAdminConfig(AdminConfig):
    """Makes the site of drain.admin.site the default one."""

    default_site = "drain.admin.site.DrainAdminSite"

    def ready(self) -> None:
        """Register the models. Not in the package itself: it is imported before there are any."""
        super().ready()
        import_module("drain.admin.registered")
