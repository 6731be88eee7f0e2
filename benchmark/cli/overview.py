"""What a run is about to do: cells by state, an estimate, what is left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..report.text import by_reason
from ..rough_time import duration
from .machine import usable_cores
from .output import print_table

if TYPE_CHECKING:
    from pathlib import Path

    from ..registry import Registries
    from ..spec.plan import Plan
    from ..store import Store

UNFINISHED = ("waiting", "partial", "damaged")
"""States of cells that a run still has to run."""

_LONG_SECONDS = 600


@dataclass(frozen=True)
class Overview:
    """The plan with the state and the estimate of each cell.

    Attributes
    ----------
    states
        State by cell id.
    core_seconds
        Estimate by cell id, of the whole cell.
    """

    plan: Plan
    states: dict[str, str]
    core_seconds: dict[str, float]

    @property
    def pending_seconds(self) -> float:
        """Core-seconds of all that is still to run."""
        return sum(self.core_seconds[cell] for cell, state in self.states.items() if state in UNFINISHED)

    def as_json(self, out: str) -> dict[str, Any]:
        """The document that `--dry-run --json` prints."""
        cells = [
            {
                "cell": cell.id,
                "describe": cell.describe(),
                "dataset": cell.dataset_label,
                "method": cell.label,
                "state": self.states[cell.id],
                "core_seconds": round(self.core_seconds[cell.id], 1),
            }
            for cell in self.plan.cells
        ]
        hours = round(self.pending_seconds / 3600, 3)
        return {
            "out": out,
            "planned": len(self.states),
            "core_hours": hours,
            "left_out": self.plan.left_out,
            "notes": self.plan.notes,
            "cells": cells,
        }


def look_ahead(plan: Plan, store: Store, retry_failed: bool, registries: Registries) -> Overview:
    """Find out the state of each cell and estimate its time, from measured speeds where there are any."""
    from ..execution.state import cell_states
    from ..spec.estimate import core_seconds, measured_speeds

    states = cell_states(plan.cells, store, retry_failed)
    used = {cell.identity.method.name for cell in plan.cells}
    passes = {name: float(registries.methods.get(name).attributes.get("passes", 1.0)) for name in used}
    speeds = measured_speeds(store, plan.cells, passes)
    seconds = {
        cell.id: core_seconds(cell, passes[cell.identity.method.name], plan.test_cases[cell.id], speeds)
        for cell in plan.cells
    }
    return Overview(plan, states, seconds)


def print_overview(overview: Overview, out: Path) -> None:
    """Print the plan in a few lines, with the advice to try `smoke` where it is long."""
    counts = Counter(overview.states.values())
    print(f"{out}: {len(overview.states)} cells: {', '.join(f'{n} {s}' for s, n in counts.items())}")
    for note in overview.plan.notes:
        print(f"note: {note}")
    for line in by_reason(overview.plan.left_out):
        print(f"left out: {line}")
    seconds = overview.pending_seconds
    if not seconds:
        return
    cores = usable_cores()
    wall = seconds / cores
    print(f"estimate: {seconds / 3600:.2g} core-hours, about {duration(wall)} on {cores} cores without a GPU")
    if any(cell.identity.budget.accounting == "per-stage" for cell in overview.plan.cells):
        print("with accounting: per-stage, methods of several stages take a multiple of it")
    if wall > _LONG_SECONDS and any(cell.identity.budget.name != "smoke" for cell in overview.plan.cells):
        print("that is long: see first with --budget smoke --out OTHER whether everything runs")


def print_cells(overview: Overview) -> None:
    """Print each cell with its state and estimate."""
    rows = [
        [cell.id, overview.states[cell.id], duration(overview.core_seconds[cell.id]), cell.describe()]
        for cell in overview.plan.cells
    ]
    print_table(["cell", "state", "core time", "what"], rows)
