"""A command that somebody is shown means what it says: a shell that only records gets the same words."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.dashboard.ui.commands import drain_command
from drain.dashboard.ui.slots import command_text, command_words
from drain.engine.sessions.scope import SessionScope
from drain.evidence.report.build import build_report
from drain.evidence.report.html import render_html
from drain.evidence.report.markdown import render_markdown
from drain.models import DrainSession, Phase
from drain.models.roles import Role
from drain.policy.command_lines import command_line, manage_line, option, positional
from drain.policy.inert import inert
from drain.policy.stopping.limits import Limits
from tests.factories import NOON
from tests.people import signed_in
from tests.security.backlog import addresses, hostile_backlog

RECORD = 'manage.py() { printf "%s\\0" "$#" "$@"; }\n'
HOSTILE = (
    "a_b c", "a`touch hit`b", "x; touch hit #", "it's \"quoted\"", "two\nlines; touch hit", "$(touch hit)",
    "\x1b[2J\u202ereversed", "--help", "-rf", "*", "~root", "a\\", "'", "!!", "<&>|", "é\u0301", "a\tb",
)  # fmt: skip


def _recorded(lines: list[str], tmp_path: Path) -> list[list[str]]:
    """Words of each line as bash would hand them over; nothing else of a line may run."""
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc"],
        input=(RECORD + "\n".join(lines) + "\n").encode(),
        capture_output=True, check=True, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == [], "something of a word was run"
    words, found = done.stdout.decode().split("\0")[:-1], []
    while words:
        count = int(words[0])
        found.append(words[1 : count + 1])
        words = words[count + 1 :]
    return found


def test_hostile_words_arrive_whole_and_nothing_of_them_runs(tmp_path):
    argvs = [["drain_phase", one, other] for one in HOSTILE for other in HOSTILE]
    lines = [manage_line(*argv) for argv in argvs]
    assert _recorded(lines, tmp_path) == argvs
    assert [line for line in lines if inert(line, kept="") != line] == []


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
@settings(max_examples=60, deadline=None)
def test_any_words_arrive_whole(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("shell")
    assert _recorded([command_line(["manage.py", *words])], folder) == [words]


def test_a_value_that_looks_like_an_option_is_none():
    assert option("--run-id", "--help") == ("--run-id=--help",)
    assert option("--run-id", "r") == ("--run-id", "r")
    assert positional("r", "-p") == ("--", "r", "-p")
    assert positional("r", "p") == ("r", "p")


def _commands(markdown: str) -> list[str]:
    """Return the code spans of Markdown that begin as a command."""
    spans = re.findall(r"(?<!`)(`+)(?!`) ?(.*?) ?(?<!`)\1(?!`)", markdown)
    return [text for _, text in spans if text.startswith("manage.py ")]


@pytest.mark.django_db
def test_commands_of_a_report_are_whole_in_their_code_spans(tmp_path):
    world = hostile_backlog(list(HOSTILE))
    report = build_report(DrainSession.objects.get(pk=world["session"]), NOON)
    lines = _commands("".join(render_markdown(report)))
    page = "".join(render_html(report))
    shown = {html.unescape(text) for text in re.findall(r"manage\.py [^<]+", page)}
    assert lines
    assert len(_recorded(lines, tmp_path)) == len(lines)
    steps = {line for line in lines if not line.startswith("manage.py report ")}
    assert steps
    assert steps <= {text.strip() for text in shown}


@pytest.mark.django_db
def test_commands_of_pages_are_what_a_shell_takes(tmp_path):
    world = hostile_backlog(list(HOSTILE))
    client = signed_in(Role.ADMINISTRATOR)
    found = []
    for address in addresses(world):
        page = client.get(address).content.decode()
        lines = re.findall(r'<code class="command">(.*?)</code>', page, re.S)
        found += [html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in lines]
        found += map(html.unescape, re.findall(r'="(manage\.py [^"]*)"', page))
    found = [line for line in found if line.startswith("manage.py")]
    assert found
    assert len(_recorded(found, tmp_path)) == len(found)


@pytest.mark.django_db
def test_the_command_for_one_phase_names_it_whatever_it_is_called(tmp_path):
    hostile_backlog(list(HOSTILE))
    for phase in Phase.objects.select_related("run"):
        argv = drain_command(SessionScope(phase=phase.pk), Limits(batch_size=1))
        text = command_text(argv)
        assert text == " ".join(word for word, _ in command_words(argv))
        (words,) = _recorded([text], tmp_path)
        assert words[-2:] == [phase.run.run_id, phase.phase_id]
