"""A list of rows of one model: its filters, its columns, one page of it, or all of it as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from drain.dashboard.lists.download import download, rows_of, wanted
from drain.dashboard.lists.order import (
    Column,
    Order,
    Place,
    begins_at,
    in_order,
    is_few,
    place_of,
    read_order,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """The parts of a list; `exported` are the fields of its file by their names there."""

    name: str
    columns: tuple[Column, ...]
    default: str
    exported: Mapping[str, str] = field(default_factory=dict)

    def file(
        self, request: HttpRequest, found: QuerySet[Any], few: bool | None = None
    ) -> StreamingHttpResponse | None:
        """Return all of it as a file in the order of the page, where the address asks for one."""
        kind = wanted(request)
        if not kind:
            return None
        order = self.order(request, found, few)
        rows = rows_of(in_order(found, order), self.exported)
        return download(kind, self.name, tuple(self.exported), rows)

    def order(self, request: HttpRequest, found: QuerySet[Any], few: bool | None = None) -> Order:
        """The order that the address asks for, if so many rows can be had in it; counted unless known."""
        few = is_few(found) if few is None else few
        return read_order(request, self.columns, self.default, few)


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some rows of a list, in its order."""

    rows: list[Any]
    order: Order
    place: Place


def page_of(
    request: HttpRequest,
    listing: Listing,
    found: QuerySet[Any],
    size: int = PAGE,
    few: bool | None = None,
) -> ListPage:
    """The page that the address asks for; `few` where it is known whether the rows are."""
    order, start = listing.order(request, found, few), begins_at(request)
    rows = list(in_order(found, order)[start : start + size + 1])
    return ListPage(rows[:size], order, place_of(start, size, len(rows) > size))
