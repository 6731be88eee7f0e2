"""nsbench tune from its flags to its page, and nsbench run with what it found."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from nsbench.benchmark.cli.main import app

Command = Callable[..., Result]

PLUGIN = '''
from nsbench import LossMethod, param


class Scaled(LossMethod):
    """Somebody else's loss."""

    name = "scaled"
    citation = "nobody"

    class Params(LossMethod.Params):
        weight: float = param(1.0, gt=0, low=0.5, high=2.0)
        kind: str = param("plain")

    def loss(self, logits, batch):
        return self.params.weight * (logits.softmax(1) - batch.one_hot).abs().mean()
'''
DATA = ["--dataset", "phantom,ndim=2,cases=24,size=32", "--budget", "smoke", "--iterations", "2"]


@pytest.fixture
def nsbench() -> Command:
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A grid over a third-party method, tuned for good: its folder, the plugin and what `--json` printed."""
    folder = tmp_path_factory.mktemp("tuned")
    plugin, out = folder / "scaled.py", folder / "out"
    plugin.write_text(PLUGIN)
    words = ["tune", "scaled", "--plugin", plugin, *DATA, "--param", "weight", "--param", "learning_rate=0.001,0.01"]
    words += ["--grid", "--points", "2", "--ratios", "0.25,0.5", "--over", "worst", "--against", "time"]
    words += ["--executor", "inline", "--out", out, "--page", folder / "page", "--json"]
    code = "from nsbench.benchmark.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, plugin, json.loads(done.stdout)


def test_one_document(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, _, document = tuned
    (study,) = document["studies"]
    assert study["trials"] == {"complete": 4}
    assert {(row["params"]["weight"], row["params"]["learning_rate"]) for row in study["rows"]} == {
        (weight, rate) for weight in (0.5, 2.0) for rate in (0.001, 0.01)
    }
    for row in study["rows"]:
        assert row["dice"] == min(row["scores"])
        assert len(row["cells"]) == 2
        assert row["seconds"] > 0
    assert study["best"]["dice"] == max(row["dice"] for row in study["rows"])
    assert any(row["pareto"] for row in study["rows"])
    assert document["out"] == str(out)


def test_the_page_and_what_lies_beside_it(tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, _, document = tuned
    page = Path(document["page"])
    text = page.read_text()
    assert "The test cases were never read" in text
    assert "clean-val" in text
    pictures = {path.name for path in page.parent.glob("*.png")}
    assert {f"scaled-{name}.png" for name in ("history", "parallel-coordinates", "score-against-weight")} <= pictures
    assert all(f"({name})" in text for name in pictures)
    rows = list(csv.DictReader((page.parent / "trials.csv").open()))
    assert [float(row["dice"]) for row in rows] == [row["dice"] for row in document["studies"][0]["rows"]]
    assert not (out / "tuning" / ".locks").exists()


def test_the_same_command_trains_nothing(nsbench: Command, tuned: tuple[Path, Path, dict[str, Any]]) -> None:
    out, plugin, _ = tuned
    before = {path: path.stat().st_mtime_ns for path in out.glob("cells/*/record.json")}
    words = ["--param", "weight", "--param", "learning_rate=0.001,0.01", "--grid", "--points", "2"]
    words += ["--ratios", "0.25,0.5", "--over", "worst", "--against", "time", "--executor", "inline", "--out", out]
    result = nsbench("tune", "scaled", "--plugin", plugin, *DATA, *words)
    assert result.exit_code == 0, result.output
    assert "nothing left to run" in result.stderr
    assert {path: path.stat().st_mtime_ns for path in out.glob("cells/*/record.json")} == before
    # another study finds the cells of these trials in the store
    again = nsbench("tune", "scaled", "--plugin", plugin, *DATA, *words, "--study", "second", "--json")
    assert json.loads(again.stdout)["studies"][0]["trials"] == {"complete": 4}
    assert {path: path.stat().st_mtime_ns for path in out.glob("cells/*/record.json")} == before


def test_run_takes_the_best_beside_the_default(
    nsbench: Command, tuned: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    _, plugin, document = tuned
    best = yaml.safe_load(Path(document["best"]).read_text())
    assert best == {"scaled": document["studies"][0]["best"]["params"]}
    words = ["--methods", "scaled,ce", "--plugin", plugin, "--params", document["best"], "--out", tmp_path / "run"]
    result = nsbench("run", *DATA, *words, "--executor", "inline", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["method"]: row["params"] for row in json.loads(result.stdout)["rows"]}
    assert set(rows) == {"scaled", "scaled (tuned)", "ce"}
    assert rows["scaled (tuned)"]["weight"] == best["scaled"]["weight"]
    assert rows["scaled"]["weight"] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nr-dise: {gamma: 1.2}", "unknown method 'nr-dise'"),
        ("nr-dice: {gamma: 9}", "gamma"),
        ("nr-dice: {}", "write METHOD: {PARAM: VALUE}"),
        ("", "write METHOD: {PARAM: VALUE}"),
        ("[1]", "mapping"),
    ],
    ids=repr,
)
def test_params_that_run_refuses(nsbench: Command, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "best.yaml").write_text(text)
    result = nsbench("run", "--params", tmp_path / "best.yaml", "--methods", "nr-dice", "--dry-run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nr-dice", "--param", "gama"], "--param: nr-dice has no parameter 'gama'; did you mean gamma?"),
        (["nr-dise", "--param", "gamma"], "unknown method 'nr-dise'"),
        (["nr-dice", "--param", "gamma=0..3"], "parameter 'gamma' = 0"),
        (["nr-dice"], "nothing to tune: name a parameter"),
        (["--param", "gamma"], "name the methods to tune"),
        (["nr-dice", "nr-dice", "--param", "gamma"], "--methods: name each method once"),
        (["nr-dice", "--param", "gamma", "--trials", "few"], "--trials: found 'few'"),
        (["nr-dice", "--param", "gamma", "--grid", "--sampler", "qmc"], "--grid and --sampler qmc"),
        (["nr-dice", "--param", "gamma", "--objective", "test"], "--objective: found 'test'"),
        (["no.yaml"], "no.yaml: cannot be read"),
    ],
    ids=str,
)
def test_bad_input_is_one_message(
    nsbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = nsbench("tune", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_yaml_says_the_same(nsbench: Command, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(
        "methods: nr-dice\ndatasets: phantom\nratios: 0.5\ntune:\n  params: {gamma: 1.0..1.5}\n  trials: 7\n"
    )
    plan = json.loads(nsbench("tune", tmp_path / "spec.yaml", "--dry-run", "--json").stdout)
    words = ["--param", "gamma=1.0..1.5", "--trials", "7", "--dataset", "phantom", "--ratios", "0.5"]
    assert json.loads(nsbench("tune", "nr-dice", *words, "--dry-run", "--json").stdout) == plan
    assert (plan["methods"][0]["trials"], plan["methods"][0]["searched"]) == (7, {"gamma": "1 to 1.5"})
    over = json.loads(nsbench("tune", tmp_path / "spec.yaml", "--trials", "2", "--dry-run", "--json").stdout)
    assert over["methods"][0]["trials"] == 2
    (tmp_path / "wrong.yaml").write_text("methods: nr-dice\ntune:\n  params: {gama: 1..2}\n  trails: 3\n")
    assert "wrong.yaml, line 4: tune.trails: unknown field 'trails'; did you mean trials" in (
        nsbench("tune", tmp_path / "wrong.yaml").stderr
    )
    properties = json.loads(nsbench("schema").stdout)["$defs"]["Tune"]["properties"]
    assert {"params", "objective", "over", "sampler", "pruner", "storage"} <= set(properties)


def test_help_and_dry_run_import_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom nsbench.benchmark.cli.main import app\n"
        "for words in (['--help'], ['nr-dice', '--param', 'gamma', '--dry-run']):\n"
        "    assert CliRunner().invoke(app, ['tune', *words]).exit_code == 0\n"
        "print({'torch', 'ray', 'optuna', 'matplotlib', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "set()"
    assert list(tmp_path.iterdir()) == []
