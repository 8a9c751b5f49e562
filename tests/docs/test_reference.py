"""The pages that are made from code are what the code says."""

from __future__ import annotations

import re

import pytest

from tools.reference import DOCS, PAGES, commands_page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_what_the_code_says(name):
    assert (DOCS / name).read_text() == PAGES[name](), "run `python -m tools.reference`"


def test_every_argument_of_every_command_says_what_it_means():
    silent = re.findall(r"^\| (`[^`]+`) \|  \|$", commands_page(), re.MULTILINE)
    assert silent == []
