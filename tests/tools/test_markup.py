"""No Python makes markup by hand, and the lint that says so finds what somebody plants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import markup


def planted(root: Path, code: str, name: str = "drain/dashboard/runs/views.py") -> list[str]:
    """Return the findings in a project that is nothing but this code."""
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(code)
    return [finding.sentence.split()[0] for finding in markup.in_python(root)]


def test_there_is_none_here():
    assert [*markup.in_python(markup.ROOT), *markup.in_templates(markup.ROOT)] == []


@pytest.mark.parametrize(
    "code",
    [
        'cell = "<td>"',
        "cell = '</td>'",
        'page = "<!doctype html>"',
        'cell = f"{name}<b>{count}</b>"',
        'cells = ["a", {"b": ("<i class=x>",)}]',
        'def cell(text="<td>"): pass',
        'cell = "text" "<td>"',
        '"""Docs."""\nx = """\n<p>\n"""',
        'group = "(?P<name>a)<b>"',
    ],
)
def test_a_tag_in_any_string_is_found(tmp_path, code):
    assert "a" in planted(tmp_path, code)


@pytest.mark.parametrize(
    "code",
    [
        "shown = escape(name)",
        "shown = html.escape(name)",
        "shown = conditional_escape(name)",
        'shown = format_html("{}", name)',
        "shown = SafeString(name)",
        "shown = safestring.mark_safe(name)",
    ],
)
def test_escaping_and_marking_as_safe_by_hand_are_found(tmp_path, code):
    assert len(planted(tmp_path, code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        '"""A page is a template: `<td>` is written there."""',
        'class A:\n    """Draw `<td>`."""\n    x = 1\n    """`<b>` of it."""',
        'found = a < b, "a < b", "a <= b", "a<5"',
        'path("runs/<int:pk>/", view)',
        're.compile(r"(?P<name>a)(?<!b)")',
        're.sub(p, r"\\g<head>:", text)',
        "pattern = re.escape(name)",
        "def as_text(shown: SafeString) -> str: return shown",
    ],
)
def test_what_only_looks_like_markup_is_none(tmp_path, code):
    assert planted(tmp_path, code) == []


@pytest.mark.parametrize(
    "name", ["drain/dashboard/ui/svg.py", "drain/fingerprints/readers/clean.py"]
)
def test_drawings_and_the_texts_of_others_are_left_alone(tmp_path, name):
    assert planted(tmp_path, 'mark = "<svg>"', name) == []


def test_an_exception_holds_for_its_own_string_in_its_own_file(tmp_path):
    file, part = next(iter(markup.ALLOWED))
    assert planted(tmp_path / "there", f"x = {part!r}", file) == []
    assert planted(tmp_path / "beside", f"x = {part!r}; y = '<td>'", file) == ["a"]
    assert planted(tmp_path / "elsewhere", f"x = {part!r}") == ["a"]


def test_every_exception_is_still_needed():
    for file, part in markup.ALLOWED:
        assert part in (markup.ROOT / file).read_text(), f"{part} is not in {file} any more"


def test_a_line_of_a_template_that_is_too_wide_is_found(tmp_path):
    folder = tmp_path / "templates" / "drain" / "runs"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text("é" * 120 + "\n" + "x" * 121 + "\n")
    found = list(markup.in_templates(tmp_path))
    assert [(finding.path, finding.line) for finding in found] == [
        ("templates/drain/runs/page.html", 2)
    ]
