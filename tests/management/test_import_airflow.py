"""`manage.py import_airflow`: failed task instances in, and what became of those that were known."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drain.engine.source.airflow import AirflowSite
from drain.models import ExecutorProfile, Phase

pytestmark = pytest.mark.django_db


class Site:
    """The task instances of a web server, asked as Airflow 3.3.2 is."""

    def __init__(self) -> None:
        self.instances: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.gone = ""
        """The path that is answered with 404."""

    def add(self, task: str, state: str, run: str = "night+1", **more: Any) -> dict[str, Any]:
        one = {
            "dag_id": "shop",
            "dag_run_id": run,
            "task_id": task,
            "map_index": -1,
            "state": state,
        }
        self.instances.append({**one, "try_number": 1, "note": None, **more})
        return self.instances[-1]

    def get(self, url: str, _: int) -> bytes | None:
        self.asked.append(url)
        if self.gone and self.gone in url:
            return None
        if "/logs/" in url:
            task = url.split("/taskInstances/")[1].partition("/")[0]
            detail = {"exc_type": "KeyError", "exc_value": f"'{task}'", "frames": []}
            return json.dumps({"content": [{"event": "failed", "error_detail": [detail]}]}).encode()
        query = dict(
            part.split("=") for part in url.split("?")[1].split("&") if part and "state" not in part
        )
        found = [
            one
            for one in self.instances
            if ("state=" not in url or one["state"] in ("failed", "upstream_failed"))
            and ("/night%2B1/" not in url or one["dag_run_id"] == "night+1")
        ]
        begin = int(query["offset"])
        page = found[begin : begin + int(query["limit"])]
        return json.dumps({"task_instances": page, "total_entries": len(found)}).encode()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    ExecutorProfile.objects.create(name="airflow", kind="airflow", url="http://air:8080/")
    made = Site()
    monkeypatch.setattr(AirflowSite, "_get", lambda _, url, limit: made.get(url, limit))
    return made


def bring_in(*options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("import_airflow", "airflow", "--json", *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_a_failed_task_comes_with_why_it_failed_and_one_that_never_ran_is_queued(
    site: Site,
) -> None:
    site.add("load", "failed")
    site.add("report", "upstream_failed", try_number=0)
    site.add("other", "success")
    assert bring_in()["created"] == 2
    phases = {one.phase_id: one for one in Phase.objects.select_related("run__source")}
    assert (phases["load"].state, phases["report"].state) == ("FAILED", "QUEUED")
    assert phases["load"].last_failure_reason == "KeyError: 'load'"
    assert phases["load"].run.run_id == "shop/night+1"
    assert Phase.objects.filter(run__source__name="airflow").count() == 2
    assert phases["load"].params["dag_run_id"] == "night+1"
    assert bring_in()["unchanged"] == 2


def test_what_was_mended_in_airflow_is_complete_here_at_the_next_import(site: Site) -> None:
    one = site.add("load", "failed")
    bring_in()
    one["state"] = "success"
    assert bring_in()["synced"] == 1
    assert Phase.objects.get().state == "COMPLETE"
    asked = len(site.asked)
    bring_in()
    assert len(site.asked) == asked + 1, "what is complete is not asked for again"


def test_the_log_of_a_failure_is_asked_for_once_and_again_after_the_next_try(site: Site) -> None:
    one = site.add("load", "failed")
    bring_in()
    site.asked.clear()
    bring_in()
    assert not [url for url in site.asked if "/logs/" in url]
    assert Phase.objects.get().last_failure_reason == "KeyError: 'load'"
    one["try_number"] = 2
    bring_in()
    assert [url for url in site.asked if "/logs/2?" in url]


def test_of_a_run_that_moved_only_what_was_imported_is_read_and_of_one_that_did_not_nothing(
    site: Site,
) -> None:
    mended, other = site.add("load", "failed"), site.add("check", "failed")
    site.add("never failed", "success")
    bring_in()
    site.asked.clear()
    bring_in()
    assert len(site.asked) == 1, "both are in the list of what has failed"
    mended["state"] = "success"
    bring_in()
    assert set(Phase.objects.values_list("phase_id", "state")) == {
        ("load", "COMPLETE"), ("check", "FAILED"),
    }  # fmt: skip
    assert other["state"] == "failed"


def test_a_server_that_gives_the_same_page_again_and_again_does_not_hold_the_import(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("load", "failed")

    def same(_: AirflowSite, url: str, limit: int) -> bytes | None:
        assert len(site.asked) < 20
        return site.get(url.replace("offset=1&", "offset=0&"), limit)

    monkeypatch.setattr(AirflowSite, "_get", same)
    assert bring_in()["created"] == 1


def test_a_run_that_airflow_has_deleted_stops_no_import(site: Site) -> None:
    site.add("load", "failed")
    bring_in()
    site.instances.clear()
    site.gone = "/dags/shop/dagRuns/night%2B1/"
    assert bring_in()["phases"] == 0
    assert Phase.objects.get().state == "FAILED"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [((), "no API is there"), (("--dag", "shpo"), "it knows no DAG shpo")],
)
def test_an_address_that_is_not_there_is_no_empty_list(
    site: Site, options: tuple[str, ...], sentence: str
) -> None:
    site.gone = "/dags/"
    with pytest.raises(CommandError, match=sentence):
        bring_in(*options)


def test_more_than_one_page_is_read_to_its_end(site: Site) -> None:
    for n in range(205):
        site.add(f"t{n}", "failed")
    assert bring_in()["created"] == 205


def test_each_task_of_a_mapped_one_is_a_phase_the_first_too(site: Site) -> None:
    for index in (0, 1):
        site.add("load", "failed", map_index=index)
    bring_in()
    found = {one.phase_id: one.params["map_index"] for one in Phase.objects.all()}
    assert found == {"load[0]": 0, "load[1]": 1}


def test_the_signature_of_a_drain_is_no_reason(site: Site) -> None:
    site.add(
        "load", "upstream_failed", note=f"drainsite-{'a1' * 16} cleared after try 1\ncall Ann first"
    )
    bring_in()
    assert Phase.objects.get().last_failure_reason == "call Ann first"


def test_an_executor_of_another_kind_is_a_sentence() -> None:
    ExecutorProfile.objects.create(name="airflow", argv=["true"])
    with pytest.raises(CommandError, match="no executor of kind airflow"):
        bring_in()


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    ExecutorProfile.objects.create(name="airflow", kind="airflow", url="http://127.0.0.1:1/")
    with pytest.raises(
        CommandError, match=r"Airflow at http://127.0.0.1:1/api/v2: it cannot be reached"
    ):
        bring_in()
