"""Files as they are really found: damaged, mixed, hostile. Read without a database."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.sources.errors import SourceError
from drain.sources.files.mapping import ready_mappings
from drain.sources.files.recognised import Recognised
from drain.sources.files.result import Options
from tests.sources.files.kinds import CSV, KINDS, ROWS, document, lines

LINE = 7312
GOOD = '{"run_id": "r", "phase_id": "p%d", "state": "FAILED"}\n'
HEADER = b"run_id,phase_id,state\n"


def read(data: bytes | io.RawIOBase, kind: str | None = None, **options: Any) -> Recognised:
    stream: Any = io.BytesIO(data) if isinstance(data, bytes) else data
    return Recognised(stream, kind, Options(**options))


def phases(file: Recognised) -> list[tuple[str, str, str]]:
    return [(phase.run_id, phase.phase_id, phase.state.value) for phase in file.phases()]


class Pipe(io.RawIOBase):
    """A pipe that gives its bytes in small pieces, and may break."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = self._left or next(self._pieces, b"")
        self._left = found[size:]
        return found[:size]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_recognised_does_not_depend_on_how_a_pipe_gives_its_bytes(kind):
    pipe: Any = Pipe(pieces(kind.data, 7))
    piped = Recognised(pipe, None, kind.options)
    whole = Recognised(io.BytesIO(kind.data), None, kind.options)
    assert phases(piped) == phases(whole)
    assert piped.findings() == whole.findings()


@pytest.mark.parametrize("bad", ["{nope\n", '"text"\n', '{"run_id": "r"}\n', "[" * 100_000 + "\n"])
def test_one_bad_line_of_many_is_named_and_the_others_come_in_where_that_is_asked(bad):
    data = "".join(bad if number == LINE else GOOD % number for number in range(1, 10_001)).encode()
    with pytest.raises(SourceError, match=f"Line {LINE}") as refused:
        phases(read(data))
    assert str(refused.value).endswith("Nothing was imported.")
    lenient = read(data, lenient=True)
    assert len(phases(lenient)) == 9999
    found = lenient.findings()
    assert (found["rejected"], [reject.line for reject in found["rejects"]]) == (1, [LINE])


def test_lines_of_csv_are_numbered_as_an_editor_does():
    data = HEADER + b'r,"a\nb",FAILED\nr,c,FAILED,d\nr,e,FAILED\nr,f"g"h,"x"y\nr,i,FAILED\n'
    lenient = read(data, lenient=True)
    assert [phase for _, phase, _ in phases(lenient)] == ["a\nb", "e", "i"]
    assert [reject.line for reject in lenient.findings()["rejects"]] == [4, 6]


def test_text_that_is_no_utf8_is_named_with_the_way_out():
    data = HEADER + b"r,a,FAILED\n" * 20_000 + "r,Bücher,FAILED\n".encode("cp1252")
    with pytest.raises(SourceError, match=r"Line 20002 is not UTF-8; .* --encoding cp1252"):
        phases(read(data))
    assert phases(read(data, encoding="cp1252"))[-1] == ("r", "Bücher", "FAILED")
    lenient = read(data, lenient=True)
    assert len(phases(lenient)) == 20_000


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        (b"", {}, "The file holds no phase."),
        (b"Lauf;Schritt;State\nr;a;FAILED\n", {},
         ("The header has no run_id and no phase_id: it has Lauf, Schritt, state; the delimiter looks like `;`. "
          "Say which column it is: --map run_id=COLUMN.")),
        (CSV.encode(), {"maps": ("run_id=dag_run",)}, "The header has no dag_run for run_id: it has run_id"),
        (CSV.encode(), {"maps": ("runid=x",)}, "'runid' is no field of a phase"),
        (CSV.encode(), {"maps": ("state:gone=LOST",)}, "'LOST' is no state of drainsite"),
        (CSV.encode(), {"maps": ("run_id",)}, "is not of the form name=value"),
        (CSV.encode(), {"mapping": "jenkins"}, "ready are bullmq, celery, rq, sidekiq, or name a JSON file"),
        (CSV.encode(), {"encoding": "klingon"}, "'klingon' is no encoding"),
        (b"run_id,run id,state\n", {}, "The header has two columns 'run_id'"),
        (HEADER + b'r,"a,FAILED\nr,b,FAILED\n', {}, "Line 2 is no CSV: a quotation mark opens here and is never closed"),
        (HEADER + b"r,a,FAILED,x\n", {}, "Line 2 has more fields than the header line (4, not 3)"),
        (HEADER + b"r,a,gone\nr,b,gone\n", {}, "2 are 'gone'. Say what it means: --map state:gone=FAILED"),
        (HEADER[:-1] + b",state_changed_at\nr,a,FAILED,31/01/2026\n", {}, "or say --day-first if the day comes first"),
        (b"PK\x03\x04" + b"\0" * 50, {}, "an Excel workbook or a ZIP archive; save it as CSV"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 50, {}, "packed with zstd"),
        (gzip.compress(lines(*ROWS) * 9000)[:-500], {}, "the gzip data is damaged or cut off"),
        (gzip.compress(lines(*ROWS))[:20], {}, "the gzip data is damaged or cut off"),
        (document(ROWS)[:-20], {}, "and the file ends in the middle of it"),
        (document(ROWS, indent=1).replace(b'"b"', b"b"), {}, "is no JSON: Expecting value (line 10)"),
        (b'[{"run_id": "r"} {"run_id": "r"}]', {"lenient": True}, "']' is expected, not '{'"),
        (b'[[["a"]]]', {}, "Line 1 has an element that is no object"),
        (b"[" * 100_000, {}, "is nested too deeply"),
        (b'[{"n": ' + b"9" * 5000 + b"}]", {}, "holds a number with thousands of digits"),
        (b'{"run_id": "r", "n": ' + b"9" * 5000 + b"}\n", {"kind": "jsonl"}, "holds a number with thousands of digits"),
        (b'[{"a": "' + b"x" * 5_000_000, {}, "begins a value that is longer than 4 MiB"),
        (document([{"a": "x" * 4_500_000}]), {}, "begins a value that is longer than 4 MiB"),
        (b"<testsuite", {}, "The file is no XML"),
        (b"<html><body/></html>", {}, "it has no testsuite"),
        (b"<testsuite name='x'/>", {}, "The file holds no phase."),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&b;"/></testsuite>', {},
         "defines an entity or names another file"),
        (b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><testsuite>&c;</testsuite>', {},
         "defines an entity or names another file"),
    ],
    ids=range(31),
)  # fmt: skip
def test_a_refusal_names_the_cause(data, options, sentence):
    with pytest.raises(SourceError) as refused:
        phases(read(data, **options))
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 600


def test_three_hundred_long_headers_are_a_short_sentence():
    data = ",".join(f"{number}{'x' * 300}" for number in range(300)).encode() + b"\n"
    with pytest.raises(SourceError, match="The header has no run_id") as refused:
        phases(read(data))
    assert len(str(refused.value)) < 600


def test_a_hundred_thousand_columns_are_read_before_anybody_gives_up():
    more = b",".join(b"c%d" % number for number in range(100_000))
    found = read(b"run_id,phase_id,state," + more + b"\nr,p,FAILED,1\n", "csv")
    assert phases(found) == [("r", "p", "FAILED")]


def test_a_file_that_breaks_off_says_after_which_line():
    def broken() -> Iterator[bytes]:
        for number in range(1, 3001):
            yield (GOOD % number).encode()
        raise OSError(5, "Input/output error")

    with pytest.raises(
        SourceError, match=r"breaks off after line \d+: Input/output error. Nothing was imported"
    ):
        phases(read(Pipe(broken())))


@pytest.mark.verify
def test_deep_tests_and_fifty_thousand_of_them_are_read():
    tests = b"".join(b'<testcase classname="A" name="t%d"/>' % number for number in range(50_000))
    assert len(phases(read(b'<testsuite name="all">' + tests + b"</testsuite>"))) == 50_000
    nested = b"<testsuite>" * 5000 + b'<testcase name="x"/>' + b"</testsuite>" * 5000
    assert phases(read(nested)) == [("tests", "x", "COMPLETE")]


def test_long_names_of_tests_stay_apart():
    data = b"".join(b'<testcase name="%s%d"/>' % (b"n" * 400, number) for number in range(2))
    found = phases(read(b"<testsuite>" + data + b"</testsuite>"))
    assert len({phase for _, phase, _ in found}) == 2
    assert all(len(phase) <= 300 for _, phase, _ in found)


def test_a_mapping_leaves_out_what_it_says_and_counts_it():
    file = read(lines(*ROWS, {**ROWS[0], "phase_id": "c", "state": "Gone"}), maps=("state:gone=-",))
    assert len(phases(file)) == 2
    assert file.findings()["left_out"] == 1
    assert ("Gone", "", 1) in file.findings()["states"]


def test_a_mapping_of_ones_own_is_a_file(tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"fields": {"run_id": "{team}/{day}", "phase_id": ["step", "job"]},
                                "states": {"broken": "FAILED"}, "defaults": {"order": "independent"}}))  # fmt: skip
    file = read(lines({"team": "a", "day": 1, "job": "j", "state": "broken"}), mapping=str(path))
    assert phases(file) == [("a/1", "j", "FAILED")]
    for bad in (
        "[]",
        '{"feilds": {}}',
        '{"fields": 3}',
        '{"states": {"a": "LOST"}}',
        "{",
        "[" * 100_000,
    ):
        path.write_text(bad)
        with pytest.raises(SourceError):
            read(lines(*ROWS), mapping=str(path))


def test_ready_mappings_are_four():
    assert [mapping.name for mapping in ready_mappings()] == ["bullmq", "celery", "rq", "sidekiq"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 400),
    st.one_of(
        st.binary(max_size=12), st.sampled_from([b'"', b"{", b"]", b",", b"\n", b"</", b"\0"])
    ),
    st.integers(0, 6),
    st.booleans(),
)
def test_a_damaged_file_is_read_or_refused_with_a_sentence(kind, at, put, cut, lenient):
    data = kind.data[:at] + put + kind.data[at + cut :]
    options = Options(maps=kind.options.maps, sets=kind.options.sets, lenient=lenient)
    try:
        found = phases(Recognised(io.BytesIO(data), None, options))
    except SourceError:
        return
    assert found


@pytest.mark.verify
@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "junit"])
def test_memory_does_not_grow_with_the_file(form):
    tail = "x" * 1000
    row, start, end = {
        "jsonl": ('{"run_id": "r", "phase_id": "p%d", "state": "FAILED", "reason": "' + tail + '"}\n', "", ""),
        "json": ('{"run_id": "r", "phase_id": "p%d", "state": "FAILED", "reason": "' + tail + '"},\n', "[", GOOD % 0 + "]"),
        "csv": ("r,p%d,FAILED," + tail + "\n", "run_id,phase_id,state,reason\n", ""),
        "junit": ('<testcase name="p%d"><failure>' + tail + "</failure></testcase>\n", "<testsuite>", "</testsuite>"),
    }[form]  # fmt: skip

    def stream() -> Iterator[bytes]:
        yield (start or "\n").encode()
        yield from ((row % number).encode() for number in range(1, 40_001))
        yield end.encode()

    tracemalloc.start()
    try:
        count = sum(1 for _ in read(Pipe(stream())).phases())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count >= 40_000
    # A test of a report is remembered by its name, for the one that is tried again.
    assert peak < (30 if form == "junit" else 4) * 1024 * 1024
