"""Tuning on a tiny phantom, with and without training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import Loaded, load
from nsbench.benchmark.tuning.trial import Report, TrialResult, TrialRunner
from nsbench.benchmark.tuning.tune import Tuned, run_tuning, tune_targets

Spec = Callable[..., Loaded]

TINY = {"base": "smoke", "updates": 4, "validate_every": 2, "width": 2, "patch": [16, 16], "batch_size": 2}


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    """A spec that tunes gamma of nr-dice; keywords change its fields, `tune` those of its section."""

    def make(tune: Mapping[str, Any] | None = None, **fields: Any) -> Loaded:
        section = {"params": ["gamma"], "trials": 3, "pruner": "none"} | dict(tune or {})
        base = {
            "methods": "nr-dice",
            "datasets": "phantom,ndim=2,cases=8,size=32",
            "budget": TINY,
            "executor": "inline",
            "out": tmp_path / "out",
        }
        return load(None, {**base, **fields, "tune": section})

    return make


def tune(loaded: Loaded, registries: Registries | None = None) -> tuple[Tuned, bool]:
    """Tune the one method of a spec; returns its study, and whether the run was interrupted."""
    known = registries or Registries(loose=loaded.execution.plugins)
    declared, targets = tune_targets(loaded, known)
    (tuned,), interrupted = run_tuning(loaded, declared, targets, known, quiet=True)
    return tuned, interrupted


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[dict[str, Any], Report], TrialResult]], None]:
    """Put a function of (params, report) in the place of training."""

    def replace(function: Callable[[dict[str, Any], Report], TrialResult]) -> None:
        monkeypatch.setattr(TrialRunner, "run", lambda self, params, report: function(params, report))

    return replace
