"""What a browser is given of the collected files."""

from __future__ import annotations

from pathlib import Path

from django.contrib.staticfiles.finders import get_finders

from drainsite.collected import SHEET, CollectedStorage


def test_all_styles_come_in_one_file_in_their_order(tmp_path):
    found = {
        name: (storage, name)
        for finder in get_finders()
        for name, storage in finder.list([])
        if name.startswith(("drain/css/", "drain/fonts/", "drain/icons/"))
    }
    collected = CollectedStorage(location=tmp_path, base_url="/static/")
    for name, (storage, path) in found.items():
        with storage.open(path) as opened:
            collected.save(name, opened)
    list(collected.post_process(found))
    sheet = Path(tmp_path, collected.stored_name(SHEET)).read_text()
    assert "@import" not in sheet
    assert "/*" not in sheet
    assert sheet.index("--") < sheet.index(".card") < sheet.index("@media print")
    first, last = (
        Path(tmp_path, "drain/css", name).read_text() for name in ("tokens.css", "print.css")
    )
    assert len(sheet) > len(first) + len(last)
    assert Path(tmp_path, f"{collected.stored_name(SHEET)}.gz").is_file()
