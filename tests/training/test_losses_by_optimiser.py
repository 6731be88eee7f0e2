"""Several optimisers: each one's modules move by its own loss alone; None moves nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from nsbench.benchmark.errors import CellFailure
from nsbench.benchmark.plugin import Batch, LossMethod, Optimiser, Stage, Train, TrainingView
from nsbench.benchmark.training.context import Outcome

Make = Callable[..., Any]
Fit = Callable[..., Outcome]
PLAIN_SGD = {"optimiser": "sgd", "learning_rate": 1.0, "momentum": 0.0, "schedule": "constant", "updates": 1}


@pytest.fixture
def pair(toy: type[LossMethod]) -> type[Any]:
    """Two networks with an optimiser each; both losses depend on both networks."""

    class Pair(toy):  # type: ignore[misc, valid-type]
        def setup(self, build: Any) -> None:
            self.a, self.b = build.network(), build.network()

        def stages(self, view: TrainingView) -> Sequence[Stage]:
            return (Train("train", on=view, optimisers=(Optimiser("a", ("a",)), Optimiser("b", ("b",)))),)

        def losses(self, batch: Batch) -> dict[str, Tensor]:
            a, b = self.a(batch.image), self.b(batch.image)
            return {"a": self.loss(a, batch) + (a * b).mean(), "b": self.loss(b, batch) + (a + b).square().mean()}

        def step(self, batch: Batch, progress: float) -> Any:
            self.batch = batch
            return self.losses(batch)

    return Pair


def test_each_module_moves_by_the_gradient_of_its_own_loss(
    pair: type[Any], make: Make, fit: Fit, view: TrainingView
) -> None:
    method, fresh = make(pair), make(pair)
    fit(method, view, **PLAIN_SGD)
    losses = fresh.losses(method.batch)
    for name in "ab":
        module = getattr(fresh, name)
        gradients = torch.autograd.grad(losses[name], list(module.parameters()), retain_graph=True)
        for before, gradient, after in zip(module.parameters(), gradients, getattr(method, name).parameters()):
            torch.testing.assert_close(after, before - gradient)


def test_one_loss_moves_the_modules_of_all_optimisers(
    pair: type[Any], make: Make, fit: Fit, view: TrainingView
) -> None:
    class Summed(pair):  # type: ignore[misc]
        def step(self, batch: Batch, progress: float) -> Tensor:
            self.batch = batch
            return sum(self.losses(batch).values(), torch.zeros(()))

    method, fresh = make(Summed), make(Summed)
    fit(method, view, **PLAIN_SGD)
    total = sum(fresh.losses(method.batch).values(), torch.zeros(()))
    gradients = torch.autograd.grad(total, list(fresh.parameters()))
    for before, gradient, after in zip(fresh.parameters(), gradients, method.parameters()):
        torch.testing.assert_close(after, before - gradient)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_none_moves_no_weight_and_an_unnamed_optimiser_stands_still(
    pair: type[Any], make: Make, fit: Fit, view: TrainingView, optimiser: str
) -> None:
    """Also when earlier updates left momentum behind, and under weight decay."""

    class Pausing(pair):  # type: ignore[misc]
        results = ("both", "a", "none", "none", "both")

        def step(self, batch: Batch, progress: float) -> dict[str, Tensor] | None:
            losses = self.losses(batch)
            self.result = self.results[round(progress * 5)]
            return None if self.result == "none" else losses if self.result == "both" else {"a": losses["a"]}

        def after_update(self, progress: float) -> None:
            weights = {name: getattr(self, name).layer.weight.detach().clone() for name in "ab"}
            self.history = [*getattr(self, "history", []), weights]

    method = make(Pausing)
    outcome = fit(method, view, updates=5, optimiser=optimiser, weight_decay=0.1, momentum=0.9)
    moved = [
        "".join(name for name in "ab" if not torch.equal(before[name], after[name]))
        for before, after in zip(method.history, method.history[1:])
    ]
    assert moved == ["a", "", "", "ab"]
    assert outcome.updates == 3
    assert [row["update"] for row in outcome.curves] == [1, 2, 3, 4, 5]
    assert [sorted(name for name in row if "loss" in name) for row in outcome.curves] == [
        ["loss.a", "loss.b"],
        ["loss"],
        [],
        [],
        ["loss.a", "loss.b"],
    ]


def test_a_loss_for_nobody_is_refused(pair: type[Any], make: Make, fit: Fit, view: TrainingView) -> None:
    class Wrong(pair):  # type: ignore[misc]
        def step(self, batch: Batch, progress: float) -> dict[str, Tensor]:
            return {"c": self.losses(batch)["a"]}

    with pytest.raises(CellFailure, match="unknown optimisers: c"):
        fit(make(Wrong), view)


def test_gradients_are_clipped_for_each_optimiser(pair: type[Any], make: Make, fit: Fit, view: TrainingView) -> None:
    method, fresh = make(pair), make(pair)
    fit(method, view, **PLAIN_SGD, gradient_clip=1e-3)
    for name in "ab":
        pairs = zip(getattr(method, name).parameters(), getattr(fresh, name).parameters())
        length = torch.cat([(after - before).flatten() for after, before in pairs]).norm().item()
        assert length == pytest.approx(1e-3, rel=1e-2)


def test_batches_of_several_views_come_by_name(toy: type[LossMethod], make: Make, fit: Fit, view: TrainingView) -> None:
    class Mixing(toy):  # type: ignore[misc, valid-type]
        def stages(self, view: TrainingView) -> Sequence[Stage]:
            return (Train("train", on={"even": view.fold(0, 2), "odd": view.fold(1, 2)}, step="mixed"),)

        def mixed(self, batches: dict[str, Batch], progress: float) -> Tensor:
            assert sorted(batches) == ["even", "odd"]
            assert not torch.equal(batches["even"].image, batches["odd"].image)
            return self.loss(self.network(batches["even"].image), batches["even"])

    assert fit(make(Mixing), view).updates == 3
