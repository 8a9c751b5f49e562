"""Rules for templates, styles and scripts that a person would otherwise have to remember."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drain.dashboard.ui import environment, states

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "drain" / "static" / "drain"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_no_template_needs_a_weaker_content_security_policy(path):
    text = path.read_text()
    assert not re.search(r"\sstyle=|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(
        r"""(?:src|href|srcset|action)\s*=\s*["']?https?:|url\(["']?https?:""", text
    )


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=lambda path: path.name)
def test_each_style_and_script_is_one_small_thing_served_from_here(path):
    text = path.read_text()
    assert len(text.splitlines()) < 300
    assert "eval(" not in text
    # Scripts are collected line by line, without remarks: a text over several lines would change.
    assert all(line.count("`") % 2 == 0 for line in text.splitlines())
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


def test_every_style_is_read_in_the_one_order():
    imported = re.findall(r'@import url\("([^"]+)"\)', (STATIC / "css" / "app.css").read_text())
    apart = {"app.css", "admin.css", "api-docs.css"}
    assert sorted(imported) == sorted(path.name for path in STYLES if path.name not in apart)


def _icons() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons" / "sprite.svg").read_text()))


def test_every_icon_that_is_drawn_is_in_the_sprite():
    used = {states.look(name).icon for name in states.known()}
    for path in TEMPLATES:
        used |= set(re.findall(r'\b(?:icon|empty)\(\s*"([^"]+)"', path.read_text()))
    assert len(used) > 50
    assert used <= _icons()


def test_every_colour_class_of_a_state_exists():
    defined = set(re.findall(r"\.(s-[a-z-]+)", (STATIC / "css" / "states.css").read_text()))
    used = {states.look(name).css for name in states.known()}
    used |= {states.reason_css(code) for code in states.REASON_WORDS}
    assert used <= defined


def test_the_guide_names_every_component_and_filter_and_none_that_is_not_there():
    guide = (ROOT / "docs" / "frontend.md").read_text()
    pages = ROOT / "templates" / "drain"
    shared = "".join((pages / name).read_text() for name in ("components.html", "forms.html"))
    macros = set(re.findall(r"{% macro (\w+)\(", shared))
    told = set(re.findall(r"`(?:{{ )?(\w+)\b", guide))
    inside = {"slots", "command_words", "json_script"}
    """Filters that only components use."""
    assert macros | set(environment.FILTERS) - inside <= told
    shown = re.findall(r"^\| (.+?) \| ", guide, re.MULTILINE)
    named = {name for row in shown[2:] for name in re.findall(r"`(\w+)(?:\(|`)", row)}
    assert named <= macros | {"saved_views"}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_ink_and_fill_of_each_state_are_readable_in_light_and_dark():
    pairs = re.findall(
        r"--(c|f): light-dark\((#\w{6}), (#\w{6})\)", (STATIC / "css" / "states.css").read_text()
    )
    assert len(pairs) > 20
    for kind, light, dark in pairs:
        least = 4.5 if kind == "c" else 2.9  # WCAG 1.4.3 for text, 1.4.11 for graphics
        assert _contrast(light, "#ffffff") >= least
        assert _contrast(dark, "#14181f") >= least
