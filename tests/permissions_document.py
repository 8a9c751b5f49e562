"""docs/permissions.md, made from tests/permissions_table.py and the addresses of the site."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLResolver, get_resolver

from drain.models.roles import Role
from tests.permissions_table import ACTIONS, API, MODELS, PAGES, PUBLIC, Least

_HEAD = """\
# Who may do what

Made by tests/test_permissions.py from tests/permissions_table.py, which holds it against the site.
A role may do what the roles before it may: viewer, operator, manager, administrator. A superuser may
do everything that anybody may. Who is not signed in is led to the sign-in page, who may not gets 403.

## Pages

The least role for reading and for posting; – means that the method is not accepted.

| Name | Address | GET | POST |
| --- | --- | --- | --- |
"""
_API = """
## API

A token may do what its person may do at that moment (docs/api.md); a cookie opens nothing here. – means 405.

| Address | GET | POST |
| --- | --- | --- |
"""
_ADMIN = """
## Rows in the admin

– means nobody by role: such rows are written by the product alone, or by superusers.

| Model | See | Add | Change | Delete |
| --- | --- | --- | --- | --- |
"""
_ACTIONS = """
## Actions in the admin

| Action | Least role |
| --- | --- |
"""


def document() -> str:
    """The whole file."""
    pages = [
        f"| `{name}` | `{_shape(name)}` | {_word(row.get)} | {_word(row.post)} |"
        for name, row in PAGES.items()
    ]
    api = [
        f"| `{_shape(name)}` | {_word(row.get)} | {_word(row.post)} |"
        for name, row in API.items()
        if row.get != PUBLIC
    ]
    models = [
        f"| {label} | " + " | ".join(least.value if least else "–" for least in row) + " |"
        for label, row in MODELS.items()
    ]
    acts = [f"| {name} | {least.value} |" for name, least in ACTIONS.items()]
    tables = ((_HEAD, pages), (_API, api), (_ADMIN, models), (_ACTIONS, acts))
    return "".join(head + "".join(f"{row}\n" for row in table) for head, table in tables)


def _word(least: Least) -> str:
    return least.value if isinstance(least, Role) else least


def _shape(name: str) -> str:
    return "/" + next(shape for found, shape in _shapes(get_resolver(), "", "") if found == name)


def _shapes(resolver: URLResolver, space: str, base: str) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        shape = base + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _shapes(each, f"{each.namespace}:" if each.namespace else space, shape)
        else:
            yield f"{space}{each.name}", shape
