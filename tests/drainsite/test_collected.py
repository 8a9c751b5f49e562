"""The collected files as a browser gets them."""

from __future__ import annotations

import re
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders

from drainsite.collected import SHEET, CollectedStorage

LIVE = "drain/js/live.js"


def test_styles_come_in_one_file_in_their_order_and_scripts_without_remarks(tmp_path):
    found = {
        name: (storage, name)
        for finder in get_finders()
        for name, storage in finder.list([])
        if name.startswith(("drain/css/", "drain/fonts/", "drain/icons/", LIVE))
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
    script = Path(tmp_path, collected.stored_name(LIVE)).read_text()
    remarked = Path(tmp_path, LIVE).read_text()
    assert "\n  // " in remarked
    assert re.search(r"^\s|^//", script, re.MULTILINE) is None
    assert script.count("{") == remarked.count("{")
    assert Path(tmp_path, f"{collected.stored_name(SHEET)}.gz").is_file()
