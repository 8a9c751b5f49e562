"""Metrics and alert rules as Prometheus and its promtool judge them:
the strict parser, lints, and the rules whole.

Where promtool is on the PATH it is asked as well; all that it would find here is held without it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.test import Client
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_strictly

from drain.api.metrics import _Site
from drain.models import Source, SourceDebt
from tests.factories import PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
HOSTILE = 'night "shift"\\jobs\nof {all=="x"} # drain'
UNSETTLED = "drain_source_unsettled_phases"
SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z_]+="(?:[^"\\\n]|\\[\\n"])*")\})? (?P<value>[0-9.e+]+)'
)
# What an expression of these rules may be made of: selectors, functions, numbers, operators.
TOKEN = re.compile(
    r"\s*(?:(?P<metric>drain_[a-z_]+)(?P<labels>\{[^}]*\})?(?:\[[0-9]+[smhd]\])?|(?P<number>[0-9.]+)"
    r"|(?P<open>(?:sum|delta|increase|rate|max|min)?\()|(?P<close>\))"
    r"|(?P<operator>and\b|or\b|unless\b|==|!=|>=|<=|>|<|\+|-|\*|/))"
)


@pytest.fixture
def scraped(script: Any) -> str:
    """With a source that cannot be asked, and has a name that nobody expects."""
    source = Source.objects.create(name=HOSTILE, kind="autopack")
    phase = PhaseFactory(run=RunFactory(source=source))
    SourceDebt.objects.create(
        phase=phase,
        verb="finish",
        reason="x",
        actor="x",
        origin="admin",
        owner=uuid4(),
        error="away",
    )
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {script().token}"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def rules() -> dict[str, Any]:
    (block,) = re.findall(r"```\n(groups:.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def test_every_line_is_of_the_text_format_and_every_family_stands_together_once(scraped):
    assert scraped.endswith("\n")
    families: list[str] = []
    series: list[str] = []
    for line in scraped.splitlines():
        if line.startswith("# HELP "):
            families.append(line.split()[2])
            assert len(line.split(maxsplit=3)) == 4, "a metric without a word on what it is"
        elif line.startswith("# TYPE "):
            assert line.split()[2] == families[-1], "TYPE follows the HELP of the same family"
            assert line.split()[3] in {"gauge", "counter"}
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample["name"] == families[-1], "a sample stands with its family"
            series.append(line.rpartition(" ")[0])
    assert max(Counter(families).values()) == max(Counter(series).values()) == 1
    assert len(families) >= 9
    promtool_agrees("check", "metrics", given=scraped)


def test_names_are_as_promtool_wants_them(scraped):
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", scraped, re.MULTILINE))
    for name, kind in types.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name), "neither camel case nor colons"
        assert name.endswith("_total") == (kind == "counter"), name
        assert not name.endswith(("_count", "_sum", "_bucket")), name
        assert not {"gauge", "counter", "ms", "mins", "secs", "kb", "mb"} & set(name.split("_")), (
            name
        )


@pytest.mark.usefixtures("scraped")
def test_the_strict_parser_reads_it_whole_and_a_hostile_name_comes_back_as_it_is():
    registry = CollectorRegistry()
    registry.register(_Site())
    families = list(read_strictly(as_openmetrics(registry).decode()))
    assert len(families) >= 9
    found = {
        sample.labels["source"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == UNSETTLED
    }
    assert found == {HOSTILE: 1}


def test_rules_are_whole_and_ask_for_series_that_are_scraped(scraped, rules, tmp_path):
    series = {line.rpartition(" ")[0] for line in scraped.splitlines() if line[0] != "#"}
    names = {each.partition("{")[0] for each in series}
    assert rules.keys() == {"groups"}
    (group,) = rules["groups"]
    assert group.keys() == {"name", "rules"}
    alerts = [rule["alert"] for rule in group["rules"]]
    assert len(alerts) == len(set(alerts)) >= 5
    for rule in group["rules"]:
        assert rule.keys() <= {"alert", "expr", "for"}
        assert re.fullmatch(r"[A-Za-z_]\w*", rule["alert"])
        assert re.fullmatch(r"[1-9][0-9]*[smhd]", rule.get("for", "1m"))
        for metric, labels in selectors(rule["expr"]):
            assert metric in names, rule
            assert not labels or metric + labels in series, rule
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(rules))
    promtool_agrees("check", "rules", str(file))


def selectors(expression: str) -> list[tuple[str, str]]:
    """Metrics and their labels in an expression; fails for what is no expression of these."""
    found, at, deep, is_operand = [], 0, 0, False
    while at < len(expression.rstrip()):
        token = TOKEN.match(expression, at)
        assert token is not None, f"not understood: {expression[at:]!r}"
        # An operand comes first, and between two operators.
        assert bool(token["operator"] or token["close"]) == is_operand, expression
        is_operand = not (token["operator"] or token["open"])
        deep += bool(token["open"]) - bool(token["close"])
        assert deep >= 0, expression
        if token["metric"]:
            found.append((token["metric"], token["labels"] or ""))
        at = token.end()
    assert is_operand
    assert deep == 0, expression
    assert found, expression
    return found


def promtool_agrees(*argv: str, given: str = "") -> None:
    """Ask the real one, where there is one."""
    program = shutil.which("promtool")
    if program is not None:
        done = subprocess.run(
            [program, *argv], input=given, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    "broken",
    [
        "sum(drain_phases",
        "drain_phases >> 0",
        "drain-phases > 0",
        "1 > 0",
        "avg(drain_phases)",
        "drain_phases drain_phases",
        "drain_phases >",
    ],
)
def test_a_rule_that_prometheus_would_refuse_or_that_asks_for_nothing_of_ours_is_noticed(broken):
    with pytest.raises(AssertionError):
        selectors(broken)
