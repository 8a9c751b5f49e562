"""`{% load views %}{% saved_views "run-list" %}`: a person's saved views of a list, and how to keep one."""

from __future__ import annotations

from typing import Any

from django import template

from drain.dashboard.frame.saved_views import filters_in, views_of

register = template.Library()


@register.inclusion_tag("drain/_saved_views.html", takes_context=True)
def saved_views(context: template.Context, page: str) -> dict[str, Any]:
    """Chips above a list. Asked only by whole pages: a refresh leaves them as they are."""
    request = context["request"]
    query = filters_in(page, request.GET.dict())
    found = views_of(request, page)
    return {
        "views": found,
        "page": page,
        "query": query,
        "new": bool(query) and not any(view.current for view in found),
        "csrf_token": context.get("csrf_token"),
    }
