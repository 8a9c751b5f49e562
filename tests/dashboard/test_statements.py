"""Pages ask the database at most twelve times, with everything on them that they can show."""

from __future__ import annotations

import pytest

from drain.dashboard.runs import list_count, list_query, views
from drain.models import Hold, Note, SavedView
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import PhaseFactory, RunFactory, SourceFactory
from tests.statements import statements

pytestmark = pytest.mark.django_db
MOST = 12


def asked(client, address):
    """The page, after what all pages share was read, and the statements of Django and those by hand."""
    client.get(address)
    with statements() as found:
        answer = client.get(address)
    assert answer.status_code == 200
    assert len(found) <= MOST, [" ".join(each.split())[:90] for each in found]
    return answer.content.decode()


@pytest.fixture
def operator():
    client = signed_in(Role.OPERATOR)
    user = client.session["_auth_user_id"]
    SavedView.objects.create(user_id=user, page="run-list", name="Mine", query="q=build")
    return client


@pytest.fixture
def runs(monkeypatch):
    """More runs than a page shows, with notes and holds, that hold a word in a name or in an error."""
    monkeypatch.setattr(list_query, "PAGE", 2)
    monkeypatch.setattr(views, "PAGE", 2)
    made = [RunFactory(run_id=f"night-{n}", source=SourceFactory()) for n in range(6)]
    for n, run in enumerate(made):
        for _ in range(n % 3 + 1):
            PhaseFactory(run=run, last_failure_reason="Timeout in setUp", attempts=1)
        PhaseFactory(run=run, state="QUEUED")
        Note.objects.create(run=run, text="seen", created_by="ann", origin="browser")
    Hold.objects.create(kind="prefix", value="night-", reason="x", created_by="ann", origin="cli")
    return made


@pytest.mark.parametrize("near", [0, 80])
@pytest.mark.parametrize(
    "query",
    ["", "?state=FAILED", "?state=QUEUED", "?stale=1", "?held=1", "?q=night", "?q=timeout", "?sort=-all&from=2"],
)  # fmt: skip
def test_the_list_of_runs(operator, runs, monkeypatch, query, near):
    monkeypatch.setattr(list_query, "NEAR", near)
    assert "night-" in asked(operator, f"/runs/{query}") or query == "?stale=1"


@pytest.mark.parametrize("few", [0, 1, 5_000])
@pytest.mark.parametrize("typed", ["timeout", "timeo", "night", "needle", "timeout night"])
def test_a_list_says_how_many_runs_match_however_it_finds_out(runs, monkeypatch, typed, few):
    monkeypatch.setattr(list_count, "FEW", few)
    PhaseFactory(
        run=RunFactory(run_id="else"), last_failure_reason="a needle of a night-shift timeout"
    )
    pages = signed_in(Role.OPERATOR)
    count = {"timeout": 7, "timeo": 7, "night": 7, "needle": 1, "timeout night": 1}[typed]
    for near in (0, 80):
        monkeypatch.setattr(list_query, "NEAR", near)
        page = pages.get("/runs/", {"q": typed}).content.decode()
        assert (f"Select all {count} matching" in page) == (count > 2)
    for most, more in ((count, False), (count - 1, count > 3)):
        monkeypatch.setattr(views, "MOST", most)
        monkeypatch.setattr("drain.dashboard.ticked.question.MOST", most)
        monkeypatch.setattr(list_query, "MOST_AT_ONCE", most)
        page = pages.get("/runs/", {"q": typed}).content.decode()
        assert (f"More than {most} match" in page) == more


def test_filters_and_the_order_by_a_count_agree_page_by_page(operator, runs):
    """Most queued first among runs with failed phases, and the other way about; none twice, none lost."""
    only_queued = RunFactory(run_id="night-q")
    only_failed = RunFactory(run_id="night-f")
    for _ in range(9):
        PhaseFactory(run=only_queued, state="QUEUED")
        PhaseFactory(run=only_failed)
    for query, first, absent in (
        ("state=FAILED&sort=-queued", "night-5", "night-q"),
        ("state=FAILED&sort=-failed", "night-f", "night-q"),
        ("state=QUEUED&sort=-queued", "night-q", "night-f"),
        ("state=QUEUED&sort=-failed", "night-5", "night-f"),
        ("held=1&state=QUEUED&sort=-complete", "night-q", "night-f"),
    ):
        seen = []
        for start in (0, 2, 4, 6):
            page = operator.get(f"/runs/?{query}&from={start}").content.decode()
            seen += [name for name in NAMES if f">{name}</a>" in page]
        assert len(seen) == len(set(seen)) == 7, (query, seen)
        assert absent not in seen
        assert f">{first}</a>" in operator.get(f"/runs/?{query}").content.decode()


NAMES = [*(f"night-{n}" for n in range(6)), "night-q", "night-f"]
