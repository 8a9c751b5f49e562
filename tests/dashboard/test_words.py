"""Pages speak to people: no name of a column stands among their words,
and no word of the inside for a drain or a fingerprint.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from drain.dashboard.drains.form import NUMBERS
from drain.models import DrainSession
from drain.models.roles import Role
from drain.policy.glossary import DEFINITIONS
from drain.policy.reasons import ExclusionReason, StopReason
from tests.dashboard.people import signed_in
from tests.dashboard.whole_site import whole_site

TEMPLATES = sorted((Path(__file__).parents[2] / "templates" / "drain").rglob("*.html"))
NAMES = re.compile(r"(?<![\w./{=-])[a-z]+(?:_[a-z0-9]+)+(?![\w/}=])")
"""Names of columns and of stored values."""
INSIDE = re.compile(
    r"\b(causes?|sessions?|candidates?|told nothing|left alone|failed so)\b", re.IGNORECASE
)
"""Words for fingerprints, drains and planned phases that nobody uses, and sentences that say too little."""
WRITTEN = {"code", "pre", "kbd", "textarea", "script", "style", "title"}
"""The elements whose text is exact: commands, keys, output of phases."""
CODES = frozenset(ExclusionReason)
SHOWN = ("placeholder", "title", "aria-label", "data-label")


class Words(HTMLParser):
    """The texts of a page that are neither written by a machine nor to be typed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._within: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        machine = tag in WRITTEN or "mono" in given.get("class", "").split()
        if (machine and tag not in ("input", "meta", "link")) or (
            self._within and tag == self._within[-1]
        ):
            self._within.append(tag)
        if not self._within:
            # The code of a reason stands in its tooltip, for who looks for it in a script.
            told = given | ({"title": ""} if given.get("title") in CODES else {})
            self.texts += [told[name] for name in SHOWN if name in told]

    def handle_endtag(self, tag: str) -> None:
        if self._within and tag == self._within[-1]:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within and data.strip():
            self.texts.append(" ".join(data.split()))


def faults(texts: list[str]) -> list[str]:
    said = {text: re.sub(r"manage\.py [\w-]+", "", text) for text in texts}
    return [text for text in texts if NAMES.search(said[text]) or INSIDE.search(said[text])]


@pytest.mark.verify
@pytest.mark.django_db
def test_no_page_shows_a_name_of_the_inside():
    addresses, client = whole_site(), signed_in(Role.ADMINISTRATOR)
    for session in DrainSession.objects.filter(state="running"):
        client.post(f"/drains/{session.pk}/pause/")
        client.post(f"/drains/{session.pk}/resume/")
    found = {}
    for address in addresses:
        answer = client.get(address)
        if answer.streaming or "html" not in answer.headers["Content-Type"]:
            continue
        if wrong := faults(Words(answer.content.decode()).texts):
            found[address] = wrong
    assert found == {}


def literals(template: str) -> list[str]:
    """The words of a template as it is written, with those in its statements."""
    bare = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    spoken = [
        text
        for text in re.findall(
            r'"([^"]*)"', " ".join(re.findall(r"\{[{%].*?[%}]\}", bare, re.DOTALL))
        )
        if " " in text.strip()
    ]
    plain = re.sub(
        r"\{%.*?%\}", " ", re.sub(r"\{\{.*?\}\}", "", bare, flags=re.DOTALL), flags=re.DOTALL
    )
    return [*spoken, *Words(plain).texts]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_template_says_a_word_of_the_inside_in_any_of_its_branches(path):
    assert faults(literals(path.read_text())) == []


@pytest.mark.parametrize(
    "texts", [DEFINITIONS, {each: each.sentence for each in (*ExclusionReason, *StopReason)}]
)
def test_what_words_and_reasons_mean_is_said_in_words_of_people(texts):
    assert faults(list(texts.values())) == []


@pytest.mark.parametrize(
    "text", ["success_no_llm_calls", "2 sessions", "The cause", "0 left alone"]
)
def test_these_words_are_faults_where_people_read_and_none_where_machines_are_quoted(text):
    assert faults(Words(f"<p title='{text}'>{text}</p>").texts) == [text, text]
    assert faults(literals(f"{{{{ empty('x', \"{text} here\") }}}}<b>{text}</b>")) != []
    assert faults(Words(f"<code>{text}</code><p class='mono'>{text}</p><p>ok</p>").texts) == []
    assert faults(literals(f"{{# {text} #}}{{{{ page.{text.split()[0]} }}}}")) == []


def test_every_number_of_a_new_drain_has_its_unit():
    assert [each.name for each in NUMBERS if not each.unit] == []
