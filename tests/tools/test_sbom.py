"""The inventory names every locked package, and the vendored files are the ones that were vendored."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.sbom import ROOT, VENDORED, inventory

CHECKSUMS = ROOT / "tools" / "vendor" / "checksums.json"
DOCUMENT = (ROOT / "docs" / "vendoring.md").read_text()


@pytest.mark.parametrize("name", ["run.txt", "oidc.txt"])
def test_every_locked_package_is_in_the_inventory(name):
    lock = ROOT / "requirements" / name
    pinned = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", lock.read_text(), re.M))
    found = inventory(lock)["components"]
    assert {
        (each["name"], each["version"]) for each in found if each["type"] == "library"
    } == pinned
    assert pinned


def test_vendored_files_are_what_was_vendored_under_the_version_that_the_document_says():
    found = [
        each
        for each in inventory(ROOT / "requirements" / "run.txt")["components"]
        if each["type"] == "file"
    ]
    sums = {each["name"]: each["hashes"][0]["content"] for each in found}
    assert sums == json.loads(CHECKSUMS.read_text())
    for path, name, version, _ in VENDORED:
        assert f"`{path}` | npm `{name}` {version}" in DOCUMENT
        folder = Path(ROOT / path).parent
        assert list(folder.glob("LICENSE-*.txt")), "its licence lies beside"
