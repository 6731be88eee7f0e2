"""Curves: means between rows, and NaN losses found with their update."""

from __future__ import annotations

import pytest
import torch

from nsbench.benchmark.errors import CellFailure
from nsbench.benchmark.training.curves import Curves


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("check_every", [1, 20])
def test_a_bad_loss_is_named_with_its_update(value: float, check_every: int) -> None:
    with pytest.raises(CellFailure, match=rf"loss.b is {value} at update 7:.*learning rate") as failure:
        _train(Curves(check_every), value)
    assert failure.value.status == "failed"


def _train(curves: Curves, value: float) -> None:
    for update in range(41):
        bad = value if update >= 7 else 1.0
        curves.add(update, {"loss.a": torch.tensor(1.0), "loss.b": torch.tensor(bad)})


def test_a_bad_loss_is_found_before_its_row_is_written() -> None:
    curves = Curves(check_every=1000)
    curves.add(1, {"loss": torch.tensor(float("nan"))})
    with pytest.raises(CellFailure, match="at update 1"):
        curves.row("train", 2, 0.1)


def test_logged_values_may_be_nan() -> None:
    curves = Curves()
    curves.add(0, {"loss": torch.tensor(2.0), "share": torch.tensor(float("nan"))})
    curves.row("train", 1, 0.1)
    assert curves.rows[0]["loss"] == 2.0


def test_a_row_is_the_mean_since_the_last_one() -> None:
    curves = Curves(check_every=20)
    for update, loss in enumerate([1.0, 3.0, 10.0]):
        curves.add(update, {"loss": torch.tensor(loss)})
        if update:
            curves.row("train", update + 1, 0.5)
    assert curves.rows == [
        {"stage": "train", "update": 2, "learning_rate": 0.5, "loss": 2.0},
        {"stage": "train", "update": 3, "learning_rate": 0.5, "loss": 10.0},
    ]


def test_a_half_finished_row_survives_a_checkpoint() -> None:
    first, second = Curves(), Curves()
    first.add(0, {"loss": torch.tensor(1.0)})
    second.load_state_dict(first.state_dict())
    for curves in (first, second):
        curves.add(1, {"loss": torch.tensor(4.0)})
        curves.row("train", 2, 0.1)
    assert first.rows == second.rows
    assert second.rows[0]["loss"] == 2.5
