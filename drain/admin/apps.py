"""Django admin with drainsite's own site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DrainAdminConfig(AdminConfig):
    """Makes the site of drain.admin.site the default one."""

    default_site = "drain.admin.site.DrainAdminSite"
