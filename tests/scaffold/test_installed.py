"""A generated package runs as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import PLUGINS, Installed

LISTED = {"method": "methods", "dataset": "datasets", "noise-model": "noise", "network": "networks"}


@pytest.mark.parametrize("kind", PLUGINS)
def test_it_is_listed_beside_the_built_in_ones(kind: str, installed: Installed) -> None:
    rows = json.loads(installed.nsbench("list", LISTED[kind], "--json").stdout)
    (mine,) = [row for row in rows if row["name"] == PLUGINS[kind]]
    assert (mine["origin"], mine["error"]) == (f"nsbench-{PLUGINS[kind]} 0.1.0", "")
    assert mine["summary"]
    assert mine["citation"]
    assert any(row["origin"] == "built-in" for row in rows)


def test_a_method_is_one_of_all(installed: Installed, tmp_path: Path) -> None:
    words = ["run", "--methods", "all", "--budget", "smoke", "--out", tmp_path / "out", "--dry-run", "--json"]
    cells = json.loads(installed.nsbench(*words).stdout)["cells"]
    assert sum("my-loss" in json.dumps(cell) for cell in cells) == 1
    assert len(cells) > 1


def test_all_four_run_together(installed: Installed, scans: Path, tmp_path: Path) -> None:
    chosen = ["--methods", "my-loss", "--noise", "my-shift", "--network", "my-net", "--dataset", "my-scans"]
    budget = ["--data-root", scans, "--folds", "2", "--budget", "smoke", "--iterations", "2", "--executor", "inline"]
    result = installed.nsbench("run", *chosen, *budget, "--out", tmp_path / "out", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["done"] == 1
    identity = json.loads((tmp_path / "out" / "plan.json").read_text())["cells"][0]["identity"]
    plugins = [identity[name] for name in ("method", "network", "dataset")] + [identity["supervision"]["noise"]]
    assert [plugin["code"].split(":")[0] for plugin in plugins] == [
        f"nsbench-{name}==0.1.0" for name in ("my-loss", "my-net", "my-scans", "my-shift")
    ]


def test_its_own_tests_pass(installed: Installed) -> None:
    packages = [installed.packages / name for name in PLUGINS.values()]
    result = installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *packages)
    assert result.returncode == 0, result.stdout
    assert "skipped" not in result.stdout.splitlines()[-1]


def test_a_dataset_is_tested_on_its_folder(installed: Installed, scans: Path) -> None:
    document = json.loads(installed.nsbench("test", "my-scans", "--data-root", scans, "--json").stdout)
    assert document["ok"]
    assert {contract["status"] for contract in document["contracts"]} == {"passed"}
