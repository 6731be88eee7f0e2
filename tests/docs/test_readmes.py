"""What the documentation shows works, and what it names exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

import nsbench
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import plan_loaded

ROOT = Path(nsbench.__file__).resolve().parent
PAGES = [page for page in ROOT.glob("**/*.md") if not {".venv", "node_modules", "runs"} & set(page.parts)]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md", "python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    results = names["results"]
    assert isinstance(results, nsbench.Results)
    assert set(results.cells["status"]) == {"done"}
    assert "| nr-dice" in results.markdown


def test_the_yaml_of_the_readme_is_a_spec(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "README.md", "yaml")
    path = tmp_path / "my-benchmark.yaml"
    path.write_text(text)
    cells = plan_loaded(load(path), Registries()).cells
    wanted = yaml.safe_load(text)
    assert len(cells) == len(wanted["methods"]) * len(wanted["ratios"]) * wanted["seeds"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("command", re.findall(r"^nsbench run .*$", (ROOT / "README.md").read_text(), re.MULTILINE))
def test_runs_of_the_readme_can_be_planned(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    from typer.testing import CliRunner

    from nsbench.benchmark.cli.main import app

    if "--dataset" in command:
        monkeypatch.setenv("NSBENCH_DATA", str(request.getfixturevalue("data_root")))
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, [*shlex.split(command)[1:], "--dry-run"])
    assert shown.exit_code == 0, shown.output
    assert "cells" in shown.output
