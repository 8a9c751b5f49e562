"""In which order a list stands: the columns that sort it, and when one may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, Model, QuerySet
from django.http import HttpRequest

from drain.policy.numbers import whole

M = TypeVar("M", bound=Model)
MOST = 10_000
"""Rows that are sorted without an index, and rows that a sorted list leads through."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that sorts its list; `field` is what the ORM sorts by, "" where the list does it by itself."""

    name: str
    label: str
    field: str = ""
    indexed: bool = False
    """Whether an index has its order, so that it sorts a list of any length."""
    descending: bool = True
    """The way a first click sorts: numbers and times begin with the most, names with A."""
    one_way: bool = False
    """Whether only this way makes sense."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: its column, its way, and the columns that others can be had by."""

    column: Column
    descending: bool
    columns: tuple[Column, ...]
    few: bool = True
    """Whether the filters leave few enough rows for columns without an index."""
    refused: str = ""
    """The column that was asked for and does not sort so many rows."""

    def may(self, column: Column) -> bool:
        """Whether this column sorts the list as it is filtered."""
        return column.indexed or self.few

    def head(self, name: str) -> dict[str, Any] | None:
        """What a table's head shows of a column; None where it does not sort."""
        column = next((each for each in self.columns if each.name == name), None)
        if column is None:
            return None
        here = column == self.column
        turned = not self.descending if here and not column.one_way else column.descending
        return {
            "may": self.may(column),
            "sorted": ("descending" if self.descending else "ascending") if here else "",
            "sort": f"-{name}" if turned else name,
        }

    @property
    def sentence(self) -> str:
        """How the list is sorted, and why not otherwise."""
        way = ("most or latest" if self.descending else "least or first") + " on top"
        said = f"sorted by {self.column.label.lower()}, {way}"
        if self.refused:
            said += f"; {self.refused.lower()} sorts up to {MOST:,} rows: narrow the filters"
        return said


def read_order(
    request: HttpRequest, columns: Sequence[Column], default: str, few: bool = True
) -> Order:
    """The order that `sort` in the address asks for (`-failed`: most first), else the default; it never raises."""
    text = request.GET.get("sort", "")
    named = {column.name: column for column in columns}
    wanted = named.get(text.removeprefix("-"))
    base = named[default.removeprefix("-")]
    if wanted is None or not (wanted.indexed or few):
        refused = wanted.label if wanted else ""
        return Order(base, default.startswith("-"), tuple(columns), few, refused)
    return Order(wanted, text.startswith("-") or wanted.one_way, tuple(columns), few)


def is_few(found: QuerySet[Any]) -> bool:
    """Whether at most MOST rows are left; it counts no further."""
    return found.order_by()[: MOST + 1].count() <= MOST


def in_order(found: QuerySet[M], order: Order) -> QuerySet[M]:
    """The rows in this order; rows that are equal in it stand by their numbers, latest first."""
    field = F(order.column.field)
    key = field.desc(nulls_last=True) if order.descending else field.asc(nulls_last=True)
    if order.column.field == "pk" or order.column.indexed:
        # As the index has it.
        key = field.desc() if order.descending else field.asc()
    return found.order_by(key, "-pk" if order.descending else "pk")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins in its list, and where its neighbours do; None where there is none."""

    start: int
    newer: int | None
    older: int | None


def begins_at(request: HttpRequest) -> int:
    """The row with which the page begins; a list leads no further than MOST."""
    return min(whole(request.GET.get("from", "")) or 0, MOST)


def place_of(start: int, size: int, more: bool) -> Place:
    """The place of a page of `size` rows, with `more` behind it."""
    older = start + size if more and start + size <= MOST else None
    return Place(start, max(start - size, 0) if start else None, older)
