"""The admin site of drainsite."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class DrainAdminSite(AdminSite):
    """Named after the product; people sign in through the dashboard's own page."""

    site_header = "drainsite"
    site_title = "drainsite"
    index_title = "Runs, phases and drains"
