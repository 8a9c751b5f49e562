"""The evidence bundle: one zip that can be read without drainsite, written at flat memory.

Logs are in it as the phases printed them, byte for byte: that is what makes them evidence. Everything
else has passed through `inert`.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from django.core.files.storage import storages

from drain.evidence.report import rows
from drain.evidence.report.build import Report
from drain.evidence.report.escape import csv_cell
from drain.evidence.report.html import render_html
from drain.evidence.report.json import render_json
from drain.evidence.report.markdown import render_markdown
from drain.models import Attempt

PAGE = 100
BLOCK = 256 * 1024
README = """\
Evidence of drain {pk}, made {made} UTC by drainsite {version}.

report.html   the report, for any browser
report.md     the same in Markdown
report.json   the same for machines, with the whole plan and every attempt
attempts.csv  every attempt, for a spreadsheet
logs/N.log    what attempt N printed, byte for byte: do not show it in a terminal unread, it may
              contain control sequences
logs/missing.txt  attempts whose log was kept but is not there any more (only if there are any)
"""


def write_bundle(report: Report, path: Path) -> int:
    """Write the zip beside `path` and move it there when it is complete; returns how many logs."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as bundle:
            _write(bundle, "README.txt", [_readme(report)])
            _write(bundle, "report.html", render_html(report))
            _write(bundle, "report.md", render_markdown(report))
            _write(bundle, "report.json", render_json(report))
            _write(bundle, "attempts.csv", _csv(report.session.pk))
            logs = _logs(bundle, report.session.pk)
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    return logs


def _readme(report: Report) -> str:
    return README.format(
        pk=report.session.pk,
        made=f"{report.made_at:%Y-%m-%d %H:%M}",
        version=report.identity.versions["drainsite"],
    )


def _write(bundle: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> None:
    with bundle.open(name, "w", force_zip64=True) as opened:
        for piece in pieces:
            opened.write(piece.encode("utf-8", "replace"))


def _csv(session: int) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows.AttemptLine._fields)
    for line in rows.attempts(session):
        writer.writerow(["" if cell is None else csv_cell(cell) for cell in line])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _logs(bundle: zipfile.ZipFile, session: int) -> int:
    """Every kept log; pages by key, so that no transaction is open while the zip is written."""
    written, missing = 0, []
    for attempt, name, inline in _kept(session):
        try:
            blocks = _blocks(name, inline)
            first = next(
                blocks, b""
            )  # a log that is gone shows here, before it gets an empty entry
            with bundle.open(f"logs/{attempt}.log", "w", force_zip64=True) as opened:
                opened.write(first)
                for block in blocks:
                    opened.write(block)
            written += 1
        except (OSError, zlib.error):
            missing.append(f"{attempt}\n")
    if missing:
        _write(bundle, "logs/missing.txt", missing)
    return written


def _kept(session: int) -> Iterator[tuple[int, str, bytes | memoryview | None]]:
    last = 0
    while True:
        page = list(
            Attempt.objects.filter(session=session, pk__gt=last, finished_at__isnull=False)
            .exclude(log_name="", log_inline=None)
            .exclude(log_name="", log_inline=b"")
            .order_by("pk")
            .values_list("pk", "log_name", "log_inline")[:PAGE]
        )
        if not page:
            return
        yield from page
        last = page[-1][0]


def _blocks(name: str, inline: bytes | memoryview | None) -> Iterator[bytes]:
    if name:
        with storages["attempt_logs"].open(name) as opened:
            yield from iter(lambda: opened.read(BLOCK), b"")
    elif inline is not None:
        yield zlib.decompress(bytes(inline))
