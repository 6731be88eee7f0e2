"""What `nsbench tune --dry-run` says: space, objective, trials and cells, an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ..spec.estimate import core_seconds
from ..spec.load import Loaded
from ..spec.tune import Tune
from .tune import Target


def describe_plan(loaded: Loaded, tune: Tune, targets: Sequence[Target]) -> dict[str, Any]:
    """The plan as the document that `--dry-run --json` prints; imports neither torch nor optuna."""
    return {
        "out": str(loaded.execution.out),
        "objective": tune.objective,
        "over": tune.over,
        "against": tune.against,
        "sampler": tune.sampler,
        "pruner": tune.early_stop,
        "methods": [_describe(tune, target) for target in targets],
    }


def _describe(tune: Tune, target: Target) -> dict[str, Any]:
    gridded = tune.sampler == "grid"
    trials = prod(len(d.values) for d in target.dimensions) if gridded else tune.trials
    seconds = sum(core_seconds(cell, 1.0, 0) for cell in target.method.base)
    return {
        "method": target.method.label,
        "params": {d.name: {**d.as_json(), "default": d.default} for d in target.dimensions},
        "searched": {d.name: d.describe() for d in target.dimensions},
        "trials": trials,
        "cells_per_trial": [cell.describe() for cell in target.method.base],
        "core_hours": round(trials * seconds / 3600, 3),
    }


def print_plan(plan: dict[str, Any]) -> None:
    """Print the plan in a few lines."""
    second = f" against {plan['against']}" if plan["against"] else ""
    print(f"{plan['out']}: Dice on {plan['objective']}{second}, {plan['over']} over the cells of a trial")
    for method in plan["methods"]:
        cells = method["cells_per_trial"]
        print(f"{method['method']}: {method['trials']} trials ({plan['sampler']}) of {len(cells)} cells each", end="")
        print(f", at most {method['core_hours']:.2g} core-hours; pruner {plan['pruner']}")
        for name, where in method["searched"].items():
            default = method["params"][name]["default"]
            print(f"  {name}: {where}" + ("" if default is None else f"; default {default}"))
        for cell in cells:
            print(f"  cell: {cell}")
