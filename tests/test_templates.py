"""Every template of both engines compiles, and names nothing that is not there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.template import engines
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "templates" / "drain"
ADMIN = ROOT / "templates" / "django"
PAGE_NAMES = sorted(path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*.html"))
ADMIN_NAMES = sorted(path.relative_to(ADMIN).as_posix() for path in ADMIN.rglob("*.html"))
BY_DJANGO = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
"""Templates that the framework asks for by these names."""


def environment() -> Environment:
    """The one of the pages."""
    made: Environment = engines["jinja2"].env  # type: ignore[attr-defined] # of Django's Jinja2 backend
    return made


@cache
def parsed(name: str) -> Any:
    """The tree of a page's template."""
    return environment().parse((PAGES / name).read_text(), name)


def imported(tree: Any) -> list[tuple[str, str, str]]:
    """(template, macro, name here) of everything that a template imports."""
    return [
        (node.template.value, *((item, item) if isinstance(item, str) else item))
        for node in tree.find_all(nodes.FromImport)
        for item in node.names
    ]


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_compiles_and_all_that_it_imports_and_includes_is_there(name):
    engines["jinja2"].get_template(name)
    tree = parsed(name)
    for template, macro, _ in imported(tree):
        made = {node.name for node in parsed(template).find_all(nodes.Macro)}
        assert macro in made, f"{template} has no macro {macro}"
    for node in tree.find_all((nodes.Include, nodes.Extends)):
        assert node.template.value in PAGE_NAMES


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_imports_only_what_it_uses(name):
    tree = parsed(name)
    used = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    assert {here for _, _, here in imported(tree)} <= used


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_uses_only_filters_and_tests_that_exist(name):
    tree = parsed(name)
    assert {node.name for node in tree.find_all(nodes.Filter)} <= set(environment().filters)
    assert {node.name for node in tree.find_all(nodes.Test)} <= set(environment().tests)


@pytest.mark.parametrize("name", ADMIN_NAMES)
def test_a_template_of_the_admin_compiles(name):
    engines["django"].get_template(name)


def test_nobody_keeps_a_template_that_nothing_draws():
    code = "\n".join(
        path.read_text()
        for folder in ("drain", "drainsite")
        for path in (ROOT / folder).rglob("*.py")
    )
    named = set(re.findall(r'"([\w/]+\.html)"', code)) | BY_DJANGO
    for name in PAGE_NAMES:
        named |= {
            node.value for node in parsed(name).find_all(nodes.Const) if isinstance(node.value, str)
        }
    assert set(PAGE_NAMES) <= named
    assert {name for name in ADMIN_NAMES if name.startswith("admin/drain/")} <= named


AS_TYPED = {"value", "name", "action", "href", "data-key", "data-select-flag"}
"""Attributes that go back to the site as they are; everything else is read by people."""


def where_as_typed(text: str) -> list[str]:
    """The attribute, or the element, around each text of others that a template prints unchanged."""
    # Quotes within an expression end no attribute.
    plain = re.sub(r"\{\{.*?\}\}", lambda found: found.group().replace('"', "'"), text, flags=re.S)
    around = re.compile(r'([\w-]+)="[^"]*$|<(\w+)(?:"[^"]*"|[^<>"])*>[^<>]*$')
    found = [around.search(plain[: at.start()]) for at in re.finditer(r"\| e\b", plain)]
    return [(each.group(1) or each.group(2)) if each else "?" for each in found]


def test_what_a_template_prints_unchanged_is_found_where_it_stands():
    assert where_as_typed('<input value="{{ d["q"] | e }}" title="{{ q | e }}">') == [
        "value",
        "title",
    ]
    assert where_as_typed('<b title="a > b">{{ q }} {{ q | e }}</b>') == ["b"]


def test_only_what_goes_back_to_the_site_is_printed_unchanged():
    found = {name: set(where_as_typed((PAGES / name).read_text())) for name in PAGE_NAMES}
    wrong = {name: at - AS_TYPED - {"textarea"} for name, at in found.items()}
    assert {name: at for name, at in wrong.items() if at} == {}
