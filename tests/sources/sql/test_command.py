"""`import_sql`: previews, keeps what it was given under the name, and watches."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from drain.models import Phase, Source
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source
from tests.sources.sql.jobs import BY, QUERY, bring

pytestmark = pytest.mark.django_db


def run(*line: str) -> str:
    out = StringIO()
    call_command("import_sql", *line, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_previews_then_imports_then_needs_only_the_name(lite, tmp_path: Path):
    lite.add(1)
    (tmp_path / "jobs.sql").write_text(f"-- failed jobs\n{QUERY};\n")
    defined = ("jobs", "--url", lite.url, "--query-file", str(tmp_path / "jobs.sql"))
    said = run(*defined, "--dry-run")
    assert "nothing is written" in said
    assert "night | job-1 | FAILED" in said
    assert not Source.objects.exists()
    assert "1 phase: 1 new" in run(*defined)
    assert json.loads(run("jobs", "--json"))["unchanged"] == 1
    with pytest.raises(CommandError, match="go with one name"):
        run("jobs", "more", "--url", lite.url)
    with pytest.raises(CommandError, match="What is 'more'"):
        run("jobs", "more")
    with pytest.raises(CommandError, match=r"nowhere.sql cannot be read"):
        run("jobs", "--query-file", "nowhere.sql")


def test_several_are_watched_at_once_and_one_that_is_away_stops_none(lite, tmp_path, monkeypatch):
    lite.add(1)
    bring(lite)
    away = tmp_path / "away.sqlite3"
    away.write_bytes(lite.path.read_bytes())
    import_sql(
        sql_source("away", Given(f"sqlite:///{away}", QUERY.replace("batch AS", "'other' AS"))), BY
    )
    away.unlink()
    rounds = []

    def wait(seconds: float) -> None:
        rounds.append(seconds)
        lite.set(1, status="done")
        if len(rounds) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("drain.management.commands.import_sql.time.sleep", wait)
    with pytest.raises(KeyboardInterrupt):
        run("away", "jobs", "--watch", "60")
    assert rounds == [60, 60]
    assert Phase.objects.get(run__run_id="night").state == "COMPLETE"
