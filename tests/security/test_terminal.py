"""Nothing that a phase printed or a person typed is obeyed by the terminal of who runs a command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from drain.models import ExecutorProfile, FixMarker, Phase, Run
from drain.policy.inert import inert
from tests.factories import NOON
from tests.security.backlog import hostile_backlog
from tests.security.hostile import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
OBEYED = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
WORDS = [
    word
    for word in (*HOSTILE, "\x9b2J", "\x90q\x9c", "\x7f\x7f", "a\rb", "\u2028x", "\U000e0041tag")
    if any(unicodedata.category(char) in OBEYED for char in word)
]


def obeyed(text: str) -> list[str]:
    return [char for char in text if char not in "\n\t" and unicodedata.category(char) in OBEYED]


def run(*argv: str) -> tuple[str, str]:
    """Return a command's output on its two streams, whether it refuses or not."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*argv, stdout=out, stderr=err)
    except CommandError as error:
        # As the command line prints it (see the subprocess below).
        err.write(inert(str(error)))
    except SystemExit:
        pass
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db(transaction=True)
def test_no_command_lets_a_terminal_sequence_through():
    world = hostile_backlog(WORDS)
    ExecutorProfile.objects.create(name="e", argv=WORDS[:3], cwd=WORDS[4][:100])
    FixMarker.objects.create(title=WORDS[0], applied_at=NOON, created_by=WORDS[0])
    Phase.objects.filter(pk=world["phase"]).update(state="QUEUED")
    first = Run.objects.order_by("pk")[0]
    asked = [
        ("drain", "--dry-run"), ("drain", "--dry-run", "--json"), ("drain", "--dry-run", "--run-id", first.run_id),
        ("queued",), ("queued", "--json"), ("executor", "list"), ("executor", "list", "--json"),
        ("executor", "check"), ("report", str(world["session"])), ("report", "latest", "--format", "json"),
        ("session", "stop", str(world["session"])), ("hold", WORDS[0]), ("release", WORDS[0]),
        ("requeue", first.run_id, WORDS[0], "--reason", WORDS[0]), ("compare", "marker", "1"),
        ("clear_queued", "--stale", "1s", "--to", "failed", "--reason", WORDS[0]),
        ("marker", "list"), ("marker", "list", "--json"), ("rollups", "check"), ("rescue", "--reason", WORDS[0]),
        ("whatif", str(world["session"])), ("drain_phase", first.run_id, WORDS[0]),
        ("import_phases", WORDS[0]), ("import_autopack", f"sqlite:///{WORDS[0]}"),
    ]  # fmt: skip
    heard = {argv: run(*argv) for argv in asked}
    assert {
        argv: obeyed("".join(said)) for argv, said in heard.items() if obeyed("".join(said))
    } == {}
    shown = "".join("".join(said) for said in heard.values())
    assert "\\u001b" in shown, "the words were there, by their codes"
    assert "\\u202e" in shown
    for argv, (out, _) in heard.items():
        if "--json" in argv:
            assert out.isascii()
            json.loads(out)


@pytest.mark.parametrize(
    "argv",
    [
        ("\x1b[2J",),
        ("drain", "--\x1b[2J"),
        ("db", "\x1b]0;x\x07"),
        ("drain", "--batch-size", "\x1b[2J"),
    ],
)
def test_an_error_repeats_what_was_typed_inert(argv, tmp_path):
    environment = {
        **os.environ,
        "DRAINSITE_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *argv],
        env=environment, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode in {1, 2}
    assert done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


@given(st.text())
def test_inert_text_is_not_obeyed_and_plain_text_stays(text):
    made = inert(text)
    assert obeyed(made) == []
    assert inert(made) == made
    if not obeyed(text):
        assert made == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_json_document_made_inert_is_the_same_document(text):
    document = json.dumps({"said": text}, ensure_ascii=False)
    assert json.loads(inert(document)) == {"said": text}
