"""Print an inventory of what an installation holds, as CycloneDX 1.5:
python tools/sbom.py [requirements/run.txt].
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
# As docs/vendoring.md lists them: file, package, version, licence.
VENDORED = (
    ("drain/static/drain/vendor/echarts.min.js", "echarts", "6.1.0", "Apache-2.0"),
    ("drain/static/drain/fonts/inter-latin.woff2", "@fontsource-variable/inter", "5.3.0", "OFL-1.1"),
    (
        "drain/static/drain/fonts/jetbrains-mono-latin.woff2", "@fontsource-variable/jetbrains-mono",
        "5.3.0", "OFL-1.1",
    ),
    ("drain/static/drain/icons/sprite.svg", "@tabler/icons", "3.51.0", "MIT"),
)  # fmt: skip


def inventory(lock: Path) -> dict[str, Any]:
    """Packages of a lock with their hashes, and the vendored files with theirs."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [*_locked(lock.read_text()), *map(_vendored, VENDORED)],
    }


def _locked(text: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "library", "name": found[1], "version": found[2],
            "purl": f"pkg:pypi/{found[1].lower().replace('_', '-')}@{found[2]}",
        }
        for found in map(_PINNED.match, text.splitlines())
        if found
    ]  # fmt: skip


def _vendored(row: tuple[str, str, str, str]) -> dict[str, Any]:
    path, name, version, licence = row
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    return {
        "type": "file", "name": path, "version": version,
        "purl": f"pkg:npm/{name.replace('@', '%40')}@{version}",
        "licenses": [{"license": {"id": licence}}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }  # fmt: skip


if __name__ == "__main__":
    print(
        json.dumps(
            inventory(Path(*sys.argv[1:2] or [str(ROOT / "requirements" / "run.txt")])), indent=1
        )
    )
