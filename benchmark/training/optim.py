"""Optimisers and learning-rate schedules of a stage."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from ..budget import Budget
from ..errors import UserError
from ..plugin.method import Method
from ..plugin.stages import Optimiser, Train


def build_optimisers(method: Method, stage: Train, budget: Budget) -> dict[str, torch.optim.Optimizer]:
    """One optimiser per declaration of the stage, by name."""
    return {declared.name: _build(method, declared, budget) for declared in stage.optimisers}


def _build(method: Method, declared: Optimiser, budget: Budget) -> torch.optim.Optimizer:
    parameters = [p for p in _parameters(method, declared) if p.requires_grad]
    if not parameters:
        raise UserError(f"method {method.name}: optimiser {declared.name!r} drives no trainable parameter")
    rate = declared.factor * (declared.learning_rate or method.params.learning_rate or budget.learning_rate)
    if budget.optimiser == "sgd":
        return torch.optim.SGD(
            parameters, lr=rate, momentum=budget.momentum, weight_decay=budget.weight_decay, fused=True
        )
    kind = torch.optim.Adam if budget.optimiser == "adam" else torch.optim.AdamW
    return kind(parameters, lr=rate, weight_decay=budget.weight_decay, fused=True)


def _parameters(method: Method, declared: Optimiser) -> Iterable[nn.Parameter]:
    if not declared.modules:
        return method.parameters()
    found: dict[int, nn.Parameter] = {}
    for name in declared.modules:
        found.update({id(p): p for p in method.get_submodule(name).parameters()})
    return found.values()


class Schedule:
    """Multiplies each optimiser's initial learning rate; only `plateau` has a state.

    Parameters
    ----------
    budget
        Kind of schedule and its parameters.
    optimisers
        Whose rates are set.
    """

    PATIENCE = 5
    """Validations without improvement before `plateau` halves the rate (PyMIC's and nnU-Net's habit)."""

    def __init__(self, budget: Budget, optimisers: dict[str, torch.optim.Optimizer]) -> None:
        self.budget = budget
        self.optimisers = optimisers
        self.initial = {name: optimiser.param_groups[0]["lr"] for name, optimiser in optimisers.items()}
        self.best = float("-inf")
        self.stale = 0
        self.reduced = 1.0

    def factor(self, update: int, total: int) -> float:
        """Factor on the initial rate before update number `update` of `total`."""
        if self.budget.schedule == "poly":
            return float((1 - update / total) ** self.budget.poly_power)
        if self.budget.schedule == "step":
            return float(self.budget.step_factor ** (update // self.budget.step_every))
        return self.reduced if self.budget.schedule == "plateau" else 1.0

    def set(self, update: int, total: int) -> None:
        """Set the rates for the coming update."""
        factor = self.factor(update, total)
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self.initial[name] * factor

    def validated(self, score: float) -> None:
        """Tell `plateau` a validation score, higher is better."""
        if score > self.best:
            self.best, self.stale = score, 0
            return
        self.stale += 1
        if self.stale >= self.PATIENCE:
            self.reduced, self.stale = self.reduced * 0.5, 0

    def state_dict(self) -> dict[str, float]:
        """State of `plateau`."""
        return {"best": self.best, "stale": float(self.stale), "reduced": self.reduced}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Continue from `state_dict`."""
        self.best, self.stale, self.reduced = state["best"], int(state["stale"]), state["reduced"]
