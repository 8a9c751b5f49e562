"""Static files as `up` collects them: hashed, compressed, styles in one sheet, without what explains them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET = "drain/css/app.css"
SCRIPTS = "drain/js/"
# Ours explain themselves to who reads the source; a browser need not load that. No text in them has two
# lines.
_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)
_REMARK = re.compile(r"^\s*//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^\s+", re.MULTILINE)
_IMPORT = re.compile(r'^@import url\("([\w-]+\.css)"\);$', re.MULTILINE)


class CollectedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # whitenoise is not typed
    """Puts the components that the sheet imports into it:
    nothing is painted before forty files have come else.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """The address of a file, worked out once:
        a page names two dozen, and only collecting changes them.
        """
        if name not in self._addresses:
            self._addresses[name] = super().url(name, force)
        return self._addresses[name]

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """Make the collected files lean, then name them by digests;
        `paths` is a name → storage and path of a file.
        """
        self._addresses.clear()
        # From where they were collected: the copy beside the others may be of an earlier time.
        read = InMemoryStorage()
        for name, text in lean(paths):
            read.save(name, ContentFile(text))
            paths = paths | {name: (read, name)}
        yield from super().post_process(paths, dry_run=dry_run, **options)
        self._addresses.clear()


def lean(paths: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Our styles in one sheet and our scripts by name, with what a browser needs and no more."""
    if SHEET in paths:
        yield SHEET, _INDENT.sub("", _COMMENT.sub("", _whole(paths)))
    for name in filter(_is_script, paths):
        yield name, _INDENT.sub("", _REMARK.sub("", _text(paths, name)))


def _is_script(name: str) -> bool:
    return name.startswith(SCRIPTS) and name.endswith(".js")


def _whole(paths: Mapping[str, Any]) -> str:
    folder = SHEET.rpartition("/")[0]
    return _IMPORT.sub(lambda found: _text(paths, f"{folder}/{found[1]}"), _text(paths, SHEET))


def _text(paths: Mapping[str, Any], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as opened:
        text: str = opened.read().decode()
    return text
