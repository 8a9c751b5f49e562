"""Django admin with drainsite's own site."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class DrainAdminConfig(SimpleAdminConfig):
    """Makes the site of drain.admin.site the default one, empty until something asks for its pages.

    A command or a loop never does, and would pay a tenth of a second and some megabytes for forms.
    """

    default_site = "drain.admin.site.DrainAdminSite"

    def ready(self) -> None:
        """Check the models too, as Django's own configuration does with those it has registered by now."""
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_models, checks.Tags.admin)


def register_models() -> None:
    """Register the models of every app; again is nothing."""
    autodiscover()
    import_module("drain.admin.registered")


def check_models(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Return the faults of the admin of each model."""
    register_models()
    return check_admin_app(app_configs, **options)
