"""Values of a query or a body: checked one by one, refused with 422 and the name of the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from drain.policy.numbers import HIGHEST, whole

from .door import ApiError

MOST_LISTED = 200
LISTED = 50
MOST_NAMED = 100_000


def only(body: Mapping[str, Any], *names: str) -> None:
    """Refuse fields that nobody reads: a misspelt one would silently do something else."""
    for name in body:
        if name not in names:
            raise ApiError(
                422, f"There is no field “{str(name)[:60]}”; there are: {', '.join(names)}."
            )


def text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text; required without a default."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ApiError(422, f"{name} must be a text.")
    return value


def flag(body: Mapping[str, Any], name: str) -> bool:
    """True or false; false when absent."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise ApiError(422, f"{name} must be true or false.")
    return value


def texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts; empty when absent."""
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ApiError(422, f"{name} must be a list of texts.")
    return tuple(value)


def numbers(body: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """A list of ids; empty when absent."""
    value = body.get(name, [])
    if not isinstance(value, list) or not all(_is_id(item) for item in value):
        raise ApiError(422, f"{name} must be a list of ids, which are whole numbers.")
    if len(value) > MOST_NAMED:
        raise ApiError(422, f"{name} has more than {MOST_NAMED:,} ids: name a run instead.")
    return tuple(dict.fromkeys(value))


def table(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object; empty when absent."""
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ApiError(422, f"{name} must be an object.")
    return value


def query_text(query: QueryDict, name: str) -> str:
    """A word of the address; "" when absent."""
    value = query.get(name, "")
    if "\0" in value or len(value) > 300:
        raise ApiError(422, f"{name} makes no sense.")
    return value


def query_number(query: QueryDict, name: str, default: int, most: int = HIGHEST) -> int:
    """A whole number of the address."""
    value = query.get(name)
    if value is None:
        return default
    number = whole(value, most)
    if number is None:
        raise ApiError(422, f"{name} must be a whole number from 0 up to {most:,}.")
    return number


def known(query: QueryDict, *names: str) -> None:
    """Refuse words of the address that nobody reads."""
    only(dict(query.items()), *names)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= HIGHEST
