"""What an update of each method costs, over that of cross entropy, beside the network passes that it needs.

    python tests/perf/method_cost.py [--methods ce,pint] [--updates 4] [--repeats 5] [--json]

All methods are trained in one process on one thread, in turn, a few updates at a time, at the sizes of the
budget `quick` on a 2-D phantom; every time is divided by that of `ce` in the same round. Times are taken
half way through a stage, when warm-ups are over. A method of several stages counts as the mean over them,
weighted by their share of the updates. Predicting new labels between stages is not part of an update.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from nsbench.benchmark.cell import Cell
from nsbench.benchmark.data.cell_data import CellData, load_cell_data
from nsbench.benchmark.execution.run_cell import build_method
from nsbench.benchmark.plugin import Train, TrainingView
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.models import Spec
from nsbench.benchmark.spec.plan import plan
from nsbench.benchmark.training.context import TrainContext
from nsbench.benchmark.training.sampler import Sampling
from nsbench.benchmark.training.stage_run import StageRun

CPU = torch.device("cpu")
BASELINE = "ce"
DATASET = "phantom,ndim=2,size=144"
TOTAL = 10**6
"""Updates of a stage, never reached: they make up the learning rate and the progress that a method sees."""
BOUND = 1.15


@dataclass
class StageTimer:
    """One training stage of a method, a few updates at a time."""

    run: StageRun
    share: float
    position: int = TOTAL // 2

    @classmethod
    def begin(cls, cell: Cell, data: CellData, stage: Train, registries: Registries, folder: Path) -> StageTimer:
        """The stage with new weights: what its time depends on is not their values."""
        budget = cell.identity.budget
        sampling = Sampling(
            budget.patch, budget.batch_size, budget.foreground, budget.augmentation, data.task.flips, None,
            data.task.num_classes,
        )  # fmt: skip
        context = TrainContext(budget, sampling, CPU, 0, folder, checkpoint_seconds=float("inf"))
        method = build_method(cell, data.task, registries, CPU)
        run = StageRun(context, method, replace(stage, start=None, on=_at_hand(stage)), TOTAL)
        run.begin()
        return cls(run, stage.share)

    def seconds(self, updates: int) -> float:
        """Processor seconds per update."""
        before = time.process_time()
        for _ in range(updates):
            self.run.advance(self.position)
            self.position += 1
        return (time.process_time() - before) / updates


def _at_hand(stage: Train) -> Any:
    """The stage's cases with the labels at hand instead of those of an earlier stage."""
    if isinstance(stage.on, TrainingView):
        return TrainingView(tuple(replace(case, label_source="") for case in stage.on.cases))
    return {name: _at_hand(replace(stage, on=view)) for name, view in stage.on.items()}


def timers(cell: Cell, registries: Registries, folder: Path) -> list[StageTimer]:
    """One timer for each training stage of the cell's method."""
    data = load_cell_data(cell, registries)
    stages = build_method(cell, data.task, registries, CPU).stages(data.view)
    return [StageTimer.begin(cell, data, stage, registries, folder) for stage in stages if isinstance(stage, Train)]


def mean_by_share(values: list[float], of: list[StageTimer]) -> float:
    return sum(value * timer.share for value, timer in zip(values, of)) / sum(timer.share for timer in of)


def measure(names: list[str], updates: int, repeats: int) -> list[dict[str, Any]]:
    """One row for each method, in the order of `names`, the baseline first."""
    registries = Registries()
    names = [BASELINE, *(name for name in names if name != BASELINE)]
    spec = Spec.model_validate({"datasets": [DATASET], "methods": names, "ratios": [0.5], "budget": "quick"})
    cells = {cell.identity.method.name: cell for cell in plan(spec, registries).cells}
    with tempfile.TemporaryDirectory() as folder:
        running = {name: timers(cells[name], registries, Path(folder)) for name in names}
        for timer in (timer for of in running.values() for timer in of):
            timer.seconds(1)
        rounds = [
            {name: mean_by_share([t.seconds(updates) for t in of], of) for name, of in running.items()}
            for _ in range(repeats)
        ]
    return [_row(name, mean_by_share([t.run.method.passes for t in of], of), rounds) for name, of in running.items()]


def _row(name: str, passes: float, rounds: list[dict[str, float]]) -> dict[str, Any]:
    ratios = [times[name] / times[BASELINE] for times in rounds]
    ratio = statistics.median(ratios)
    return {
        "method": name,
        "passes": passes,
        "seconds": statistics.median(times[name] for times in rounds),
        "over_ce": ratio,
        "lowest": min(ratios),
        "highest": max(ratios),
        "per_pass": ratio / passes,
        "above_bound": ratio / passes > BOUND,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        f"| method | s per update | passes | time over {BASELINE}'s | range | per pass | above {BOUND} |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        spread = f"{row['lowest']:.2f}-{row['highest']:.2f}"
        flag = "yes" if row["above_bound"] else ""
        lines.append(
            f"| {row['method']} | {row['seconds']:.3f} | {row['passes']:.2f} | {row['over_ce']:.2f} | {spread} "
            f"| {row['per_pass']:.2f} | {flag} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", help="names joined by commas; default: all that are registered")
    parser.add_argument("--updates", type=int, default=4, help="updates of a stage at a time")
    parser.add_argument("--repeats", type=int, default=5, help="rounds; medians over them are printed")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = options.methods.split(",") if options.methods else Registries().methods.names()
    rows = measure(names, options.updates, options.repeats)
    print(json.dumps(rows, indent=2) if options.json else table(rows))


if __name__ == "__main__":
    main()
