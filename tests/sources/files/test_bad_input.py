"""Input that is bad on purpose, and large: half of a character in every field, a million lines,
fifty thousand tests with entities.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import Any

import pytest

from drain.management.importing import import_sentences
from drain.models import Phase, Run
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.errors import SourceError
from drain.sources.files.importing import import_file
from drain.sources.files.recognised import Recognised
from drain.sources.files.records import FIELDS
from drain.sources.files.result import Options
from tests.factories import NOON

pytestmark = pytest.mark.django_db
BY = Person("ada", Origin.COMMAND)
GOOD = {"run_id": "r", "phase_id": "good", "state": "FAILED"}
PLAIN = {
    "run_id": "r", "phase_id": "bad", "state": "FAILED", "order": "independent",
}  # fmt: skip
HALVES = ("a\ud800", "\udfff", "\udc00\ud800", "x\ud83d y")
KEPT = {
    "name",
    "category",
    "complexity",
    "reason",
    "last_failure_reason",
    "run_name",
    "params",
    "state",
}
"""Fields of words: a question mark stands for such a half. A state of that kind is one that nobody knows."""


def bring_in(data: bytes, **options: Any):
    return import_file(io.BytesIO(data), None, NOON, options=Options(**options), by=BY)


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def placed(field: str, half: str) -> Iterator[dict[str, Any]]:
    """A record with half of a character in a field, wherever its value can hold one."""
    yield {**PLAIN, field: half}
    if field == "params":
        yield {**PLAIN, field: {half: 1}}
        yield {**PLAIN, field: {"x": half}}
        yield {**PLAIN, field: {"x": [{"y": {half: half}}]}}
    if field == "depends_on":
        yield {**PLAIN, field: [half]}
        yield {**PLAIN, field: [{"run_id": half, "phase_id": half}]}
        yield {**PLAIN, field: [{half: "x"}]}


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("half", HALVES, ids=range(len(HALVES)))
def test_half_of_a_character_in_any_field_is_kept_as_what_can_be_stored_or_refused_by_its_line(
    field: str, half: str
):
    for record in placed(field, half):
        data = lines(GOOD, record)
        try:
            found = bring_in(data)
        except SourceError as error:
            said = str(error)
            assert "\n" not in said
            assert len(said) < 600
            said.encode()
            assert not Phase.objects.exists(), "a refusal changes nothing"
            if field != "executor":
                found = bring_in(data, lenient=True)
                assert (found.phases, found.rejected) == (1, 1)
        else:
            assert field in KEPT, record
            kept = Phase.objects.filter(phase_id="bad").first() or Phase()
            assert (kept.pk is None) == (field == "state")
            json.dumps(
                [kept.name, kept.category, kept.last_failure_reason, kept.params],
                ensure_ascii=False,
            ).encode()
        if field == "executor":
            continue
        assert Phase.objects.filter(phase_id="good").exists()
        "\n".join(import_sentences(found)).encode()
        json.dumps(found.as_json()).encode()
        Phase.objects.all().delete()
        Run.objects.all().delete()


@pytest.mark.parametrize("half", HALVES, ids=range(len(HALVES)))
def test_half_of_a_character_in_the_name_of_a_field_or_in_what_is_mapped_breaks_nothing(half: str):
    found = bring_in(lines({**GOOD, half: half}))
    assert found.phases == 1
    said = "\n".join(import_sentences(found))
    said.encode()
    with pytest.raises(SourceError) as refused:
        bring_in(lines({"run_id": "r", half: "x", "state": half, "phase_id": "y"}))
    str(refused.value).encode()
    assert Phase.objects.count() == 1


@pytest.mark.parametrize("reference", ["&#xD800;", "&#55296;", "&#xDFFF;", "&#0;", "&#x110000;"])
def test_a_reference_to_what_is_no_character_is_left_out_of_a_report_or_refused(reference: str):
    report = (
        f'<testsuite><testcase name="a"><failure message="x{reference}y"/></testcase></testsuite>'
    )
    refused = ""
    try:
        bring_in(report.encode())
    except SourceError as error:
        refused = str(error)
    assert ("no XML" in refused) == bool(refused)
    assert Phase.objects.exists() == (not refused)
    if not refused:
        kept = Phase.objects.get().last_failure_reason
        kept.encode()
        assert (kept[0], kept[-1]) == ("x", "y")


@pytest.mark.verify
def test_fifty_thousand_tests_whose_words_are_references_come_in_as_they_were_meant():
    message = "KeyError: <\"a\" & 'b'> \U0001f600"
    words = escape(message).replace("\U0001f600", "&#x1F600;").encode()
    tests = b"".join(
        b'<testcase name="t%d"><failure message="%s"/></testcase>' % (number, words)
        for number in range(50_000)
    )
    found = Recognised(io.BytesIO(b"<testsuite>" + tests + b"</testsuite>"), None, Options())
    reasons = Counter(phase.reason for phase in found.phases())
    assert reasons == {message: 50_000}


def test_fifty_thousand_tests_behind_an_entity_are_refused_before_they_are_read():
    read = 0

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal read
            found = super().read(size)
            read += len(found)
            return found

    head = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><testsuite>'
    tests = b'<testcase name="t"><failure message="&c;"/></testcase>' * 50_000
    file = Counting(head + tests + b"</testsuite>")
    with pytest.raises(SourceError, match="defines an entity or names another file"):
        import_file(file, None, NOON, by=BY)
    assert read < 1_000_000
    assert not Phase.objects.exists()
