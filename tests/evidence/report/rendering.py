"""A report as the command prints it."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command


def render(session, form):
    out = StringIO()
    call_command("report", str(session.pk), "--format", form, stdout=out)
    return out.getvalue()
