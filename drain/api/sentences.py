"""Errors of schemas, as one sentence that names the field and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ENDINGS = {
    "missing": "is missing",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
}
_BOUNDS = {
    "greater_than_equal": "must be a whole number of at least {ge:,}",
    "less_than_equal": "must be a whole number of at most {le:,}",
    "string_too_long": "may have at most {max_length:,} characters",
    "string_pattern_mismatch": "makes no sense: it must match {pattern}",
    "string_too_short": "needs at least {min_length:,} character",
    "too_long": "may have at most {max_length:,} items",
    "too_short": "needs at least {min_length:,} item",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
}


def sentence_of(error: Mapping[str, Any]) -> str:
    """Return the sentence of one error as pydantic describes it."""
    kind = error["type"]
    if kind == "unknown_field":
        return str(error["msg"])
    name = _name(error["loc"])
    if kind in _BOUNDS:
        return f"{name} {_BOUNDS[kind].format(**error.get('ctx', {}))}."
    return f"{name} {_ENDINGS.get(kind, 'makes no sense')}."


def _name(path: tuple[str | int, ...]) -> str:
    """Return the field's name; of an item of a list also its number, from 0."""
    *_, last = path
    if isinstance(last, int) and len(path) > 1:
        return f"{path[-2]}[{last}]"
    return str(last)[:60]
