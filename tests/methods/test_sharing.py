"""The first models of a seed are trained once for all methods that have them."""

from __future__ import annotations

from pathlib import Path

import pytest

import nsbench
from nsbench.benchmark.testing.trial import context_in, train
from nsbench.benchmark.training.shared import Sharing

from .scarce import VIEW, WORLD, built

METHODS = Path(nsbench.__file__).parent / "methods"
DISTILLATIONS = [("model-distillation", {}), ("hierarchical-distillation", {"transforms": "none"})]


@pytest.mark.parametrize(
    ("methods", "stages"),
    [
        ([(name, {"generations": 1}) for name in ("self-learning", "stso", "atso")], ["m0"]),
        (DISTILLATIONS, ["base0", "base1", "base2"]),
    ],
    ids=["M0", "base-models"],
)
def test_first_models_are_trained_once(
    methods: list[tuple[str, dict[str, object]]], stages: list[str], tmp_path: Path
) -> None:
    for i, (name, params) in enumerate(methods):
        context = context_in(str(tmp_path / name), WORLD, updates=1)
        context.checkpoint_seconds = float("inf")
        context.sharing = Sharing(tmp_path / "shared", {"seed": 0}, METHODS)
        outcome = train(built(name, **params), VIEW, context)
        assert outcome.shared == (stages if i else []), name
