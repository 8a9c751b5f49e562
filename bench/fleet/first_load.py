"""The files that a browser fetches to show a page for the first time, summed up from the collected ones."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from django.conf import settings

_IN_PAGE = re.compile(r"""(?:src|href|data-sprite)="(/static/[^"#?]+)""")
_IN_STYLE = re.compile(r"""(?:url\(|@import )["']?([^"')#?]+)""")
CHARTS = "echarts"


def first_load(answer: Any) -> tuple[float, bool]:
    """The kB of a page with all it names, as they go over the wire, and whether it draws charts."""
    body = answer.content
    text = (
        gzip.decompress(body).decode()
        if answer.get("Content-Encoding") == "gzip"
        else body.decode()
    )
    files: set[str] = set()
    for address in _IN_PAGE.findall(text):
        _collect(address, files)
    return (len(body) + sum(map(_size, files))) / 1000, any(CHARTS in name for name in files)


def _collect(address: str, files: set[str]) -> None:
    if address in files or not address.startswith("/static/") or not _path(address).is_file():
        return
    files.add(address)
    if address.endswith(".css"):
        for named in _IN_STYLE.findall(_path(address).read_text()):
            if not named.startswith("data:"):
                _collect(urljoin(address, named), files)


def _path(address: str) -> Path:
    return Path(settings.STATIC_ROOT or "") / address.removeprefix("/static/")


def _size(address: str) -> int:
    path = _path(address)
    packed = path.with_name(f"{path.name}.gz")
    return (packed if packed.is_file() else path).stat().st_size
