"""The output of templates: markup of our own as markup, whatever texts are in it, everything else as text."""

from __future__ import annotations

import pytest

from drain.dashboard.ui import svg
from drain.dashboard.ui.environment import environment

SHARE = svg.ShareInterval(0.5, 0.4, 0.6)


@pytest.mark.parametrize("label", ["a", "ValueError: bad row …", "−100", "日本"])
def test_a_drawing_is_a_drawing_whatever_its_label(label):
    page = environment().from_string("{{ svg.interval(none, share, none, label) }}")
    shown = page.render(share=SHARE, label=label)
    assert shown.startswith("<svg")
    assert f'aria-label="{label}"' in shown


def test_the_head_of_a_difference_is_a_drawing():
    assert environment().from_string("{{ svg.difference_head() }}").render().startswith("<svg")


def test_a_hostile_label_stays_text_and_reorders_nothing():
    page = environment().from_string("{{ svg.interval(none, share, none, label) }}")
    shown = page.render(share=SHARE, label='"><script>\u202e')
    assert "<script>" not in shown
    assert "\u202e" not in shown
    assert environment().from_string("{{ text }}").render(text="<b>…") == "&lt;b&gt;…"
