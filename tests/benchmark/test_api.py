"""nsbench from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nsbench

PLUGIN = '''
from nsbench import LossMethod


class Brier(LossMethod):
    """Squared error."""

    name = "brier"
    citation = "Brier 1950"

    def loss(self, logits, batch):
        return ((logits.softmax(1) - batch.one_hot).square().sum(1) * batch.valid).mean()
'''
SMALL: dict[str, Any] = {"datasets": ["phantom,ndim=2"], "methods": ["brier"], "budget": "smoke", "iterations": 2}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> nsbench.Results:
    folder = tmp_path_factory.mktemp("api")
    (folder / "brier.py").write_text(PLUGIN)
    return nsbench.run(SMALL, plugins=[folder / "brier.py"], out=folder / "run", executor="inline")


def test_results_know_the_plugins_of_their_run(results: nsbench.Results) -> None:
    assert [row["knows"] for row in results.rows] == ["blind"]
    assert "Squared error." in results.markdown
    assert "not installed" not in results.markdown
    assert set(results.cells["status"]) == {"done"}
    assert results.cases["dice"].between(0, 1).all()


def test_results_of_a_folder_given_as_text(results: nsbench.Results) -> None:
    again = nsbench.Results(str(results.out))  # type: ignore[arg-type]
    assert len(again.rows) == 1
    assert "not installed here" in again.markdown


@pytest.mark.parametrize("spec", [["ce"], 5])
def test_what_is_no_spec_is_refused(spec: Any, tmp_path: Path) -> None:
    with pytest.raises(nsbench.UserError, match="a spec is a path, a mapping or None"):
        nsbench.run(spec, out=tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_one_plugin_may_be_given_as_text(results: nsbench.Results, tmp_path: Path) -> None:
    again = nsbench.run(SMALL, plugins=str(results.plugins[0]), out=results.out, executor="inline")
    assert again.plugins == results.plugins
