"""The fields of a new drain: what they offer, what they take, and what holds where they are empty."""

from __future__ import annotations

import re

import pytest
from django.core.cache import caches
from django.http import QueryDict
from django.utils import timezone

from drain.dashboard.drains.form import NUMBERS, read_form
from drain.models import (
    DrainSession,
    ExecutorProfile,
    FingerprintAlias,
    Phase,
)
from drain.models.roles import Role
from tests.dashboard.drains.forms import FRAGMENT, seen
from tests.dashboard.people import signed_in
from tests.factories import FingerprintFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("run", "research-system-v2 nowhere", "Runs: There is no run “nowhere”"),
        ("skip", "research archiv-", "Skip prefixes: No run begins with “archiv-”"),
        ("skip", "Research", "Skip prefixes: No run begins with “Research”"),
        ("fingerprint", "known dead beef", "Fingerprints: There is no fingerprint “dead”"),
        ("run", "x" * 400, "A name in Runs has 400 characters"),
    ],
)
def test_an_unknown_name_is_refused_beside_its_field(backlog, name, typed, sentence):
    FingerprintFactory(key="known", title="ValueError: <n> rows")
    operator = signed_in(Role.OPERATOR)
    page = operator.get("/drains/new/", {name: typed}, headers=FRAGMENT).content.decode()
    beside = re.search(rf'id="e-{name}"([^>]*)>.*?<span>(.*?)</span>', page, re.DOTALL)
    assert beside is not None
    assert "hidden" not in beside[1]
    assert sentence in beside[2]
    assert "Nothing to start" in page
    answer = operator.post("/drains/new/", seen(backlog) | {name: typed})
    assert answer.status_code == 422
    assert not DrainSession.objects.exists()


def test_a_fingerprint_in_the_form_is_shown_in_words(backlog):
    kept = FingerprintFactory(key="standing", title="ValueError: <n> rows are missing")
    merged = FingerprintFactory(key="merged", title="ValueError: other", merged_into=kept)
    FingerprintAlias.objects.create(key="older", version=1, fingerprint=kept)
    Phase.objects.filter(pk=backlog[0].pk).update(last_fingerprint="bare")
    viewer = signed_in(Role.VIEWER)
    for key in (kept.key, merged.key, "older"):
        page = viewer.get(f"/drains/new/?fingerprint={key}").content.decode()
        words = re.sub("<[^>]+>", " ", page[page.index('id="picks-fingerprint"') :])
        assert "rows are missing" in words[:400], key
        fragment = viewer.get(f"/drains/new/?add_fingerprint={key}", headers=FRAGMENT)
        assert "rows are missing" in re.sub("<[^>]+>", " ", fragment.content.decode())
    bare = viewer.get("/drains/new/?fingerprint=bare").content.decode()
    assert "no failure of it was kept" in bare
    assert "There is no fingerprint" not in bare


def test_what_is_typed_counts_as_chips_do_and_becomes_one_when_it_makes_sense(backlog):
    viewer = signed_in(Role.VIEWER)
    page = viewer.get("/drains/new/?add_run=research-system-v2&batch_size=2").content.decode()
    assert 'name="run" value="research-system-v2" checked' in page
    assert re.search(r'name="add_run" value=""', page)
    wrong = viewer.get("/drains/new/?run=research-system-v2&add_run=nowhere").content.decode()
    assert "There is no run “nowhere”" in wrong
    assert 'name="run" value="research-system-v2" checked' in wrong
    assert 'name="add_run" value="nowhere"' in wrong
    fragment = viewer.get("/drains/new/?add_run=research-system-v2", headers=FRAGMENT)
    assert "--run-id" in fragment.content.decode()


def test_more_names_than_a_form_takes_are_refused_and_do_not_fill_the_page(backlog):
    many, operator = " ".join(f"run-{n}" for n in range(5000)), signed_in(Role.OPERATOR)
    for field in ("run", "add_run"):
        answer = operator.post("/drains/new/", {field: many})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Runs: 5,000 names are more than the 200 that the form takes." in page
        assert len(page) < 500_000


def test_fields_offer_what_there_is(backlog):
    for name in ("nightly-eu-1", "nightly-eu-2", "nightly-us-1", "other"):
        RunFactory(run_id=name)
    FingerprintFactory(key="abc123", title="No module <name> & <b>")
    merged = FingerprintFactory(key="abc999", title="No module merged")
    merged.merged_into = FingerprintFactory(title="standing")
    merged.save()
    viewer = signed_in(Role.VIEWER)

    def offered(kind, q):
        page = viewer.get(f"/drains/pick/{kind}/", {"q": q}).content.decode()
        return re.findall(r'<option value="([^"]*)"', page), page

    assert offered("run", "eu-")[0] == ["nightly-eu-2", "nightly-eu-1"]
    assert offered("run", "nowhere")[0] == []
    assert set(offered("skip", "night")[0]) == {"nightly-", "nightly-eu-"}
    found, page = offered("fingerprint", "no module")
    assert found == ["abc123"]
    assert 'label="No module &lt;name&gt; &amp; &lt;b&gt;"' in page
    assert offered("fingerprint", "abc")[0] == ["abc123"]
    SourceFactory(name="Nightly jobs")
    assert offered("source", "nightly")[0] == ["Nightly jobs"]
    assert viewer.get("/drains/pick/other/").status_code == 404


def held_beside(page, name):
    """Return the text beside a limit."""
    found = re.search(rf'id="h-{name}"[^>]*>(.*?)</span>', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("field", NUMBERS, ids=lambda each: each.name)
def test_beside_every_limit_stands_what_holds_when_it_is_empty(backlog, field):
    page = signed_in(Role.OPERATOR).get(f"/drains/new/?{field.name}=&note=x").content.decode()
    said = held_beside(page, field.name)
    given = read_form(QueryDict(f"{field.name}="), timezone.now()).limits
    holds = getattr(given, field.name)
    if field.name == "phase_timeout_seconds":
        assert said == "900 s of the executor"
    elif field.name == "sample_passes":
        assert said == "1 where there is a sample"
    elif holds is None:
        assert said == "off, the default"
    else:
        assert said == f"{field.shown(given)}, the default"


def test_a_limit_says_that_it_was_set_and_a_timeout_whose_it_is(backlog):
    viewer = signed_in(Role.VIEWER)
    ExecutorProfile.objects.create(name="slow", argv=["/bin/true"], timeout_seconds=3600)
    page = viewer.get("/drains/new/?batch_size=3&max_timeouts_per_run=2").content.decode()
    assert held_beside(page, "batch_size") == "set here, default 10"
    assert held_beside(page, "max_timeouts_per_run") == "the default"
    assert held_beside(page, "phase_timeout_seconds") == "900 to 3,600 s of the executor"
    ExecutorProfile.objects.all().delete()
    caches["pages"].clear()
    page = viewer.get("/drains/new/?phase_timeout_seconds=60").content.decode()
    assert held_beside(page, "phase_timeout_seconds") == "set here instead of 900 s, the default"


@pytest.mark.parametrize("typed", ["2020-01-01 10:00", "2099-01-31T18:00"])
def test_the_time_at_which_a_drain_stops_is_picked_and_stays_though_it_makes_no_sense(
    backlog, typed
):
    page = signed_in(Role.OPERATOR).get("/drains/new/", {"until": typed}).content.decode()
    field = re.search(r'<input class="input" type="datetime-local" id="f-until"[^>]*>', page)
    assert field
    assert f'value="{typed.replace(" ", "T")}"' in field[0]
    assert "UTC</span>" in page
