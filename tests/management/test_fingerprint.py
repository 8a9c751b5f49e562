"""`manage.py fingerprint` reads files and streams of any size and says clearly what it cannot read."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from drain.fingerprints import VERSION, fingerprint

ROOT = Path(__file__).resolve().parents[2]
FIELDS = ["key", "coarse", "fine", "title", "template", "category", "version", "headline", "place_known", "place"]  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """Run the command as a user does: its own process, no database anywhere."""
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DRAINSITE_DATA": str(tmp_path / "data"),
    }

    def call(
        *arguments: str, stdin: bytes = b"", shell_tail: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "manage.py", "fingerprint", *arguments]
        command = ["sh", "-c", f"{shlex.join(command)} {shell_tail}"] if shell_tail else command
        return subprocess.run(
            command,
            cwd=ROOT, env=environment, input=stdin, capture_output=True, timeout=300, check=False,
        )  # fmt: skip

    return call


def test_a_line_in_gives_a_line_out_in_the_same_order(run, tmp_path):
    texts = ["KeyError: 'lease'", "", "fatal: not a git repository\n", "é \U0001f600 \u2028"]
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    result = run(str(file), "--jsonl")
    lines = [json.loads(line) for line in result.stdout.decode().split("\n") if line]
    assert result.returncode == 0, result.stderr
    assert [line["key"] for line in lines] == [fingerprint(text).key for text in texts]
    assert all(list(line) == FIELDS and line["version"] == VERSION for line in lines)


def test_without_jsonl_the_whole_input_is_one_text(run):
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in go\nKeyError: 1\n'
    result = run("-", "--json", stdin=text.encode())
    assert json.loads(result.stdout)["key"] == fingerprint(text).key


def test_for_people_it_prints_one_named_value_a_line(run):
    shown = run(stdin=b"ModuleNotFoundError: No module named 'praw'").stdout.decode()
    assert "title:    ModuleNotFoundError: No module named 'praw'" in shown
    assert "category: import" in shown


def test_a_log_larger_than_its_memory_gives_the_key_of_its_error(run, tmp_path):
    file = tmp_path / "big.log"
    error = b'Traceback (most recent call last):\n  File "a.py", line 1, in go\nKeyError: 1\n'
    noise = b"2026-01-01T00:00:00Z all is well \xff\n" * 30_000
    with file.open("wb") as log:
        log.writelines([noise] * 20)
        log.write(error)
        log.writelines([noise] * 20)
    assert json.loads(run(str(file), "--json").stdout)["title"] == "KeyError: …"


@pytest.mark.parametrize(
    ("line", "said"),
    [(b"{nonsense", "Line 2 is no JSON"), (b'{"txt": "x"}', 'Line 2 has no "text"'), (b'{"text": 3}', 'Line 2 has no "text"'), (b"[" * 100_000, "Line 2 is no JSON")],
)  # fmt: skip
def test_a_bad_line_is_one_sentence_with_its_number(tmp_path, line, said, capsys):
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"text": "x"}\n' + line + b'\n{"text": "y"}\n')
    with pytest.raises(CommandError) as refusal:
        call_command("fingerprint", str(file), "--jsonl")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(capsys.readouterr().out.strip().split("\n")) == 1


def test_an_error_goes_to_standard_error_with_exit_1(run):
    result = run("-", "--jsonl", stdin=b"{nonsense\n")
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"Line 1 is no JSON" in result.stderr


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(CommandError, match=r"Cannot read .*none\.log: No such file"):
        call_command("fingerprint", str(tmp_path / "none.log"))


def test_a_reader_that_has_enough_is_no_error(run):
    lines = b'{"text": "KeyError: 1"}\n' * 20_000
    result = run("-", "--jsonl", stdin=lines, shell_tail="| head -n 1")
    assert result.stdout.count(b"\n") == 1
    assert result.stderr == b""


def test_explain_shows_what_was_read_the_chosen_line_and_the_rules(run):
    text = (
        b"2026-01-01 10:00:00 WARN  attempt 1 failed, will try again\n"
        b"2026-01-01 10:00:01 INFO  attempt 2 worked\n"
        b"2026-01-01 10:00:02 ERROR cannot write ledger: table is locked by another session\n"
        b"make: *** [Makefile:7: all] Error 2\n"
    )
    shown = run("-", "--explain", stdin=text).stdout.decode()
    chosen = [line for line in shown.split("\n") if line.startswith(">")]
    assert len(chosen) == 1
    assert "named" in chosen[0]
    assert "table is locked" in chosen[0]
    assert "only says that something else failed" in shown
    assert "named as an error; the last trouble" in shown
    assert fingerprint(text).key in shown
