"""list, show, schema, reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nsbench.benchmark.cli.completion import names

from .conftest import Command


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("methods", {"ce", "nr-dice"}),
        ("datasets", {"phantom"}),
        ("noise", {"erode-dilate", "none"}),
        ("networks", {"unet", "vnet"}),
        ("budgets", {"smoke", "quick", "paper"}),
    ],
)
def test_lists_are_json_arrays_of_named_objects(nsbench: Command, kind: str, some: set[str]) -> None:
    rows = json.loads(nsbench("list", kind, "--json").stdout)
    assert some <= {row["name"] for row in rows}
    assert all(row["summary"] for row in rows)
    text = nsbench("list", kind).stdout
    assert all(row["name"] in text and row["summary"] in text for row in rows)


def test_broken_plugin_is_listed_with_its_reason(nsbench: Command, broken_plugin: Path) -> None:
    rows = json.loads(nsbench("list", "methods", "--json", "--plugin", broken_plugin).stdout)
    reasons = {row["name"]: row["error"] for row in rows}
    assert "invalid syntax" in reasons["broken"]
    assert reasons["ce"] == ""
    assert "invalid syntax" in nsbench("list", "methods", "--plugin", broken_plugin).stdout


def test_show_method_tells_all_about_a_parameter(nsbench: Command) -> None:
    facts = json.loads(nsbench("show", "method", "nr-dice", "--json").stdout)
    gamma = next(p for p in facts["parameters"] if p["name"] == "gamma")
    assert facts["knows"] == "blind"
    assert "COVID-19" in facts["citation"]
    assert (gamma["default"], gamma["legal"], gamma["tuning"]) == (1.5, "[1, 2]", [1.0, 2.0, "linear"])
    assert "Eq. 3" in gamma["source"]
    text = nsbench("show", "method", "nr-dice").stdout
    assert "gamma: default 1.5; legal [1, 2]; tuned over 1 to 2, linear" in text


@pytest.mark.parametrize("what", [("noise", "erode-dilate"), ("network", "unet"), ("dataset", "phantom")])
def test_show_other_plugins(nsbench: Command, what: tuple[str, str]) -> None:
    facts = json.loads(nsbench("show", *what, "--json").stdout)
    assert facts["name"] == what[1]
    assert facts["parameters"]
    assert nsbench("show", *what).exit_code == 0


def test_show_budget_for_both_dimensions(nsbench: Command) -> None:
    facts = json.loads(nsbench("show", "budget", "quick", "--json").stdout)
    assert [len(facts[view]["patch"]) for view in ("2d", "3d")] == [2, 3]
    assert "learning_rate" in nsbench("show", "budget", "quick").stdout


@pytest.mark.parametrize("what", [("method", "nrdice"), ("budget", "quik")])
def test_show_unknown_name(nsbench: Command, what: tuple[str, str]) -> None:
    result = nsbench("show", *what)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean" in result.stderr


def test_schema_is_one_document(nsbench: Command) -> None:
    assert json.loads(nsbench("schema").stdout)["properties"]["ratios"]["description"]


def test_reported_numbers(nsbench: Command) -> None:
    rows = json.loads(nsbench("reported", "--paper", "pint", "--table", "1", "--json").stdout)
    wanted = {"paper", "table", "dataset", "setting", "method", "metric", "unit", "mean", "std", "spread", "n", "note"}
    assert rows
    assert all(wanted <= row.keys() and row["table"] == "Table 1" for row in rows)
    assert "pint" in nsbench("reported", "--paper", "pint").stdout


def test_completion_completes_the_last_name() -> None:
    assert names("methods")("ce,nr") == ["ce,nr-dice"]
    assert "all" in names("methods")("")
    assert names("budgets")("q") == ["quick"]
