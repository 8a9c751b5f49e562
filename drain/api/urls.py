"""Addresses of the API; /api/ and docs/api.md describe each."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import PathConverter

from . import acts, autopilot, news, notes, proof, reads, sources, work
from .site import addresses, nothing


class Anything(PathConverter):
    """The rest of an address, also one with a line break in it."""

    regex = "(?s:.+)"


register_converter(Anything, "anything")
app_name = "api"
PARTS = (reads, acts, work, notes, proof, news, autopilot, sources)
"""Each registers its operations when it is imported."""

urlpatterns: list[URLPattern] = [
    *addresses(),
    path("<anything:rest>", nothing, name="nothing"),
    path("", nothing, name="api-root"),
]
