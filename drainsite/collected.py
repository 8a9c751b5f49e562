"""Static files as `up` collects them: hashed, compressed, and the sheet of styles in one piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET = "drain/css/app.css"
# Ours explain themselves to who reads the source; a browser need not load that.
_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)
_IMPORT = re.compile(r'^@import url\("([\w-]+\.css)"\);$', re.MULTILINE)


class CollectedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # whitenoise is not typed
    """Puts the components that the sheet imports into it: nothing is painted before forty files have come else."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """The address of a file, worked out once: a page names two dozen, and only collecting changes them."""
        if name not in self._addresses:
            self._addresses[name] = super().url(name, force)
        return self._addresses[name]

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """As Django calls it: `paths` is a name → the storage and path that a file was collected from."""
        self._addresses.clear()
        if SHEET in paths:
            # From where they were collected: the copy beside the others may be of an earlier time.
            whole = InMemoryStorage()
            whole.save(SHEET, ContentFile(_whole(paths)))
            paths = paths | {SHEET: (whole, SHEET)}
        yield from super().post_process(paths, dry_run=dry_run, **options)
        self._addresses.clear()


def _whole(paths: dict[str, Any]) -> str:
    folder = SHEET.rpartition("/")[0]
    sheet = _IMPORT.sub(lambda found: _text(paths, f"{folder}/{found[1]}"), _text(paths, SHEET))
    return _COMMENT.sub("", sheet)


def _text(paths: dict[str, Any], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as opened:
        text: str = opened.read().decode()
    return text
