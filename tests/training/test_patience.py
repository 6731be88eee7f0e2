"""A stage that validation finds no better ends before its last update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import plan
from nsbench.benchmark.training.stage_run import StageRun


class _Known(StageRun):
    """A stage of which only the validations are known."""

    def __init__(self, patience: int | None, rows: list[dict[str, Any]]) -> None:
        budget = type("Budget", (), {"patience": patience})
        outcome = type("Outcome", (), {"validations": rows})
        self.context = type("Context", (), {"budget": budget, "outcome": outcome})  # type: ignore[assignment]
        self.stage = type("Stage", (), {"name": "main"})  # type: ignore[assignment]


def _rows(*scores: float, stage: str = "main") -> list[dict[str, Any]]:
    return [{"stage": stage, "update": 10 * (i + 1), "validation": score} for i, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("patience", "rows", "done", "stalled"),
    [
        (20, _rows(0.5, 0.4, 0.3), 30, True),
        (20, _rows(0.5, 0.4), 20, False),
        (20, _rows(0.5, 0.4, 0.6, 0.5), 40, False),
        (20, [], 90, False),
        (20, _rows(0.9, 0.1, 0.1, stage="earlier"), 30, False),
        (None, _rows(0.5, 0.4, 0.3), 30, False),
    ],
)
def test_patience_counts_updates_since_the_best(
    patience: int | None, rows: list[dict[str, Any]], done: int, stalled: bool
) -> None:
    assert _Known(patience, rows)._stalled(done) is stalled


def test_unset_patience_leaves_no_trace_in_an_identity() -> None:
    assert "patience" not in resolve_budget("quick", 2).model_dump(mode="json")
    assert resolve_budget("quick", 2, {"patience": 50}).model_dump(mode="json")["patience"] == 50


def test_patience_without_validation_is_refused(registries: Registries) -> None:
    budget = {"base": "smoke", "patience": 4}
    with pytest.raises(UserError, match="choose selection best"):
        plan(load(flags={"methods": "ce", "budget": budget}).spec, registries)


def test_a_cell_stops_early(make_cell: Callable[..., Any], registries: Registries, tmp_path: Any) -> None:
    import torch

    from nsbench.benchmark.execution.run_cell import run_cell
    from nsbench.benchmark.store import Store

    # without a learning rate to speak of no validation is better than the first
    cell = make_cell(selection="best-clean-val", updates=12, validate_every=2, patience=4, learning_rate=1e-12)
    store = Store(tmp_path)
    assert run_cell(cell, store, registries, torch.device("cpu")) == "done"
    record = store.read(cell.id)
    assert record is not None
    assert record.result.updates == 6
