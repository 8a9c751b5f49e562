"""In which order a list stands: the columns that sort it, and when one may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, Model, QuerySet
from django.http import HttpRequest

from drain.policy.numbers import whole

M = TypeVar("M", bound=Model)
WAYS = {
    "number": ("most first", "fewest first"),
    "time": ("newest first", "oldest first"),
    "duration": ("longest first", "shortest first"),
    "place": ("last first", "in their order"),
    "name": ("Z to A", "A to Z"),
    "trend": ("new, regressed and more than yesterday first", "oldest first"),
}
"""The words for a column's order, by its kind of value: from its greatest down, and from its least up."""
_RISING = ("name", "place")
MOST = 10_000
"""Rows that are sorted without an index, and rows that a sorted list leads through."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that sorts its list; `field` is what the ORM sorts by, "" where the list does it by itself."""

    name: str
    label: str
    field: str = ""
    indexed: bool = False
    """True if an index has its order, so that it sorts a list of any length."""
    kind: str = "number"
    """One of WAYS. A first click begins with the most or the latest, names and places with the first."""
    one_way: bool = False
    """True if only the way of the first click makes sense."""

    @property
    def descending(self) -> bool:
        """The way a first click sorts."""
        return self.kind not in _RISING

    def way(self, *, descending: bool) -> str:
        """The way in words."""
        return WAYS[self.kind][0 if descending else 1]

    def sort(self, *, descending: bool) -> str:
        """The value of `sort` in an address that asks for it."""
        return f"-{self.name}" if descending else self.name

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The values of `sort` that ask for this column, each with its words."""
        ways = (self.descending,) if self.one_way else (self.descending, not self.descending)
        return [
            (self.sort(descending=down), f"{self.label}, {self.way(descending=down)}")
            for down in ways
        ]


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: its column, its way, and the columns that others can be had by."""

    column: Column
    descending: bool
    columns: tuple[Column, ...]
    default: str
    """The value of `sort` whose order the list has by itself."""
    few: bool = True
    """True if the filters leave few enough rows for columns without an index."""
    refused: str = ""
    """The column that was asked for and does not sort so many rows."""

    def may(self, column: Column) -> bool:
        """Return whether this column sorts the list as it is filtered."""
        return column.indexed or self.few

    def head(self, name: str) -> dict[str, Any] | None:
        """Return the context of a column's head; None where it does not sort."""
        column = next((each for each in self.columns if each.name == name), None)
        if column is None:
            return None
        here = column == self.column
        turned = not self.descending if here and not column.one_way else column.descending
        return {
            "may": self.may(column),
            "sorted": ("descending" if self.descending else "ascending") if here else "",
            "sort": column.sort(descending=turned),
            "way": column.way(descending=turned),
        }

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values of `sort` with their words, for those who see no heads; "" is the list's own order."""
        return [
            ("" if sort == self.default else sort, words)
            for column in filter(self.may, self.columns)
            for sort, words in column.choices
        ]

    @property
    def chosen(self) -> str:
        """The value of this order among the choices."""
        sort = self.column.sort(descending=self.descending)
        return "" if sort == self.default else sort

    @property
    def sentence(self) -> str:
        """The order of the list, and the condition under which other columns would sort it."""
        way = self.column.way(descending=self.descending)
        said = f"sorted by {self.column.label.lower()}, {way}"
        if all(map(self.may, self.columns)):
            return said
        others = f"{self.refused.lower()} sorts" if self.refused else "other columns sort"
        return f"{said}; {others} once the filters leave {MOST:,} rows or fewer"


def read_order(
    request: HttpRequest, columns: Sequence[Column], default: str, few: bool = True
) -> Order:
    """The order that `sort` asks for (`-failed`: most first), else the default. Never raises."""
    text = request.GET.get("sort", "") or default
    named = {column.name: column for column in columns}
    wanted = named.get(text.removeprefix("-"))
    if wanted is None or not (wanted.indexed or few):
        refused, text = wanted.label if wanted else "", default
        wanted = named[default.removeprefix("-")]
    else:
        refused = ""
    descending = wanted.descending if wanted.one_way else text.startswith("-")
    return Order(wanted, descending, tuple(columns), default, few, refused)


def is_few(found: QuerySet[Any]) -> bool:
    """Return whether at most MOST rows are left; it counts no further."""
    return sorts_all(found.order_by()[: MOST + 1].count())


def sorts_all(count: int) -> bool:
    """Return whether so many rows are few enough for columns without an index."""
    return count <= MOST


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
    """The beginning of a page in its list, and those of its neighbours; None where there is none."""

    start: int
    newer: int | None
    older: int | None
    cut: int = 0
    """The rows after which the list leads no further although there are more; 0 where there are none."""


def begins_at(request: HttpRequest) -> int:
    """The row with which the page begins; a list leads no further than MOST."""
    return min(whole(request.GET.get("from", "")) or 0, MOST)


def place_of(start: int, size: int, more: bool) -> Place:
    """The place of a page of `size` rows, with `more` behind it."""
    on = more and start + size <= MOST
    cut = start + size if more and not on else 0
    return Place(start, max(start - size, 0) if start else None, start + size if on else None, cut)
