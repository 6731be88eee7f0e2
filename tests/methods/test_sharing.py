"""The first models of a seed are trained once for all methods that have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nsbench
from nsbench.benchmark.testing.trial import context_in, train
from nsbench.benchmark.training.context import TrainContext
from nsbench.benchmark.training.shared import Sharing
from nsbench.benchmark.training.stage_run import StageRun

from .scarce import VIEW, WORLD, built

METHODS = Path(nsbench.__file__).parent / "methods"
BASE = ["base0", "base1", "base2"]


@pytest.fixture
def context(tmp_path: Path) -> Callable[[str], TrainContext]:
    """`context(cell)`: a context that shares its stages with the others of this test."""

    def make(cell: str) -> TrainContext:
        found = context_in(str(tmp_path / cell), WORLD, updates=1)
        found.checkpoint_seconds = float("inf")
        found.sharing = Sharing(tmp_path / "shared", {"seed": 0}, METHODS)
        return found

    return make


def test_the_first_model_is_trained_once(context: Callable[[str], TrainContext]) -> None:
    for i, name in enumerate(("self-learning", "stso", "atso")):
        outcome = train(built(name, generations=1), VIEW, context(name))
        assert outcome.shared == (["m0"] if i else []), name


@pytest.mark.parametrize("stopped_at", ["", "base1"])
def test_base_models_are_trained_once_also_by_a_cell_that_was_killed(
    stopped_at: str, context: Callable[[str], TrainContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = StageRun.advance

    def stop(run: StageRun, update: int) -> None:
        if run.stage.name == stopped_at:
            raise KeyboardInterrupt
        advance(run, update)

    def fit(name: str, **params: object) -> TrainContext:
        cell = context(name)
        train(built(name, retrain="co-teaching", **params), VIEW, cell)
        return cell

    if stopped_at:
        monkeypatch.setattr(StageRun, "advance", stop)
        with pytest.raises(KeyboardInterrupt):
            fit("model-distillation")
        monkeypatch.setattr(StageRun, "advance", advance)
    first, second = fit("model-distillation"), fit("hierarchical-distillation", transforms="none")
    assert (first.outcome.shared, second.outcome.shared) == ([], BASE)
    assert first.outcome.passes == second.outcome.passes == 3 * 1 + 2
