"""bf16 with channels-last against fp32 on this CPU: time per update, and Dice at the end.

    python tests/perf/precision.py [--seeds 3] [--updates 300]

Both train on the same phantom cells, in turn, on one thread.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import pandas as pd
import torch

from nsbench.benchmark.execution.run_cell import run_cell
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.models import Spec
from nsbench.benchmark.spec.plan import plan
from nsbench.benchmark.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    registries = Registries()
    for dataset in ("phantom,ndim=2", "phantom"):
        rows: dict[str, list[tuple[float, float]]] = {"fp32": [], "bf16": []}
        for seed in range(options.seeds):
            for precision, found in rows.items():
                found.append(_one(dataset, precision, seed, options.updates, registries))
        ratios = [a[0] / b[0] for a, b in zip(rows["fp32"], rows["bf16"])]
        dice = {name: statistics.mean(row[1] for row in found) for name, found in rows.items()}
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        print(
            f"{dataset}: fp32 / bf16 time {statistics.median(ratios):.2f} ({spread}); Dice fp32 {dice['fp32']:.4f}, "
            f"bf16 {dice['bf16']:.4f}, {options.seeds} seeds of {options.updates} updates",
            flush=True,
        )


def _one(dataset: str, precision: str, seed: int, updates: int, registries: Registries) -> tuple[float, float]:
    budget = {"base": "quick", "updates": updates, "precision": precision}
    spec = Spec.model_validate(
        {"datasets": [dataset], "methods": ["ce"], "ratios": [0.0], "seeds": [seed], "budget": budget}
    )
    (cell,) = plan(spec, registries).cells
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        run_cell(cell, store, registries, torch.device("cpu"))
        provenance = store.provenance(cell.id)
        if provenance is None:
            raise RuntimeError(f"cell {cell.id} left no provenance")
        return provenance.train_seconds, float(pd.read_parquet(store.folder(cell.id).cases)["dice"].mean())


if __name__ == "__main__":
    main()
