"""Optimisers and learning-rate schedules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Optimiser, Train, TrainingView
from nsbench.benchmark.testing.world import Geometry, small_budget
from nsbench.benchmark.training.optim import Schedule, build_optimisers

Make = Callable[..., Any]


def schedule(**budget: Any) -> Schedule:
    weight = torch.nn.Parameter(torch.zeros(1))
    return Schedule(small_budget(Geometry(), **budget), {"main": torch.optim.SGD([weight], lr=0.2)})


def stage(*optimisers: Optimiser) -> Train:
    return Train("train", on=TrainingView(()), optimisers=optimisers or (Optimiser(),))


@pytest.mark.parametrize(
    ("budget", "update", "expected"),
    [
        ({"schedule": "constant"}, 7, 1.0),
        ({"schedule": "poly"}, 0, 1.0),
        ({"schedule": "poly"}, 5000, 0.5**0.9),
        ({"schedule": "poly", "poly_power": 2.0}, 9000, 0.01),
        ({"schedule": "step"}, 2499, 1.0),
        ({"schedule": "step"}, 2500, 0.1),
        ({"schedule": "step", "step_every": 100, "step_factor": 0.5}, 399, 0.125),
    ],
)
def test_schedules_multiply_the_initial_rate(budget: dict[str, Any], update: int, expected: float) -> None:
    found = schedule(**budget)
    found.set(update, 10_000)
    assert found.optimisers["main"].param_groups[0]["lr"] == pytest.approx(0.2 * expected)


def test_plateau_halves_after_five_validations_without_improvement() -> None:
    found = schedule(schedule="plateau")
    rates = []
    for score in [0.5, *[0.4] * 5, 0.6, *[0.6] * 4, 0.6]:
        found.validated(score)
        rates.append(found.factor(0, 10))
    assert rates == [1.0] * 5 + [0.5] * 6 + [0.25]


def test_plateau_continues_from_its_state() -> None:
    first, second = schedule(schedule="plateau"), schedule(schedule="plateau")
    for score in (0.5, 0.4, 0.4, 0.4):
        first.validated(score)
    second.load_state_dict(first.state_dict())
    for each in (first, second):
        each.validated(0.4)
        assert each.factor(0, 10) == 1.0
        each.validated(0.4)
        assert each.factor(0, 10) == 0.5


def test_each_optimiser_keeps_its_own_rate(make: Make) -> None:
    method = make(learning_rate=0.03)
    declared = stage(Optimiser("a", ("network.layer",), 0.5), Optimiser("b"))
    optimisers = build_optimisers(method, declared, small_budget(Geometry(), schedule="poly"))
    rates = Schedule(small_budget(Geometry(), schedule="poly", poly_power=1.0), optimisers)
    rates.set(1, 2)
    assert {name: each.param_groups[0]["lr"] for name, each in optimisers.items()} == {"a": 0.25, "b": 0.015}


def test_the_rate_is_the_stages_else_the_methods_else_the_budgets(make: Make) -> None:
    budget = small_budget(Geometry(), learning_rate=0.7)
    given = [(None, {}), (None, {"learning_rate": 0.3}), (0.1, {"learning_rate": 0.3})]
    found = [
        build_optimisers(make(**params), stage(Optimiser(learning_rate=rate)), budget)["main"].param_groups[0]["lr"]
        for rate, params in given
    ]
    assert found == [0.7, 0.3, 0.1]


@pytest.mark.parametrize(("name", "kind"), [("sgd", "SGD"), ("adam", "Adam"), ("adamw", "AdamW")])
def test_the_budget_chooses_the_optimiser(make: Make, name: str, kind: str) -> None:
    budget = small_budget(Geometry(), optimiser=name, momentum=0.8, weight_decay=0.25)
    optimiser = build_optimisers(make(), stage(), budget)["main"]
    assert type(optimiser).__name__ == kind
    assert optimiser.param_groups[0]["weight_decay"] == 0.25
    assert optimiser.param_groups[0].get("momentum", 0.8) == 0.8


def test_frozen_weights_are_left_out(make: Make) -> None:
    method = make()
    method.network.layer.bias.requires_grad_(False)
    optimiser = build_optimisers(method, stage(Optimiser("a", ("network",))), small_budget(Geometry()))["a"]
    assert [p.shape for p in optimiser.param_groups[0]["params"]] == [method.network.layer.weight.shape]
    method.requires_grad_(False)
    with pytest.raises(UserError, match="'a' drives no trainable parameter"):
        build_optimisers(method, stage(Optimiser("a", ("network",))), small_budget(Geometry()))
