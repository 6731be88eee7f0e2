"""Stores with known scores, written as the harness writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.cell import Cell, Chosen, ChosenDataset, Identity, Noisy
from nsbench.benchmark.metrics import METRICS
from nsbench.benchmark.store import Memorisation, Noise, Provenance, Record, Result, Store

Score = Callable[[Cell, int, str], dict[str, Any]]


@dataclass
class Grid:
    """Writes plans and records; `score(cell, case number, class)` gives what differs from the defaults."""

    store: Store
    methods: Sequence[str] = ("ce", "mae")
    ratios: Sequence[float] = (0.0, 0.5)
    seeds: Sequence[int] = (0, 1)
    datasets: Sequence[str] = ("phantom",)
    noises: Sequence[str] = ("erode-dilate",)
    classes: Sequence[str] = ("chamber",)
    cases: int = 4
    selection: Any = "last"
    spacing: bool = True
    params: dict[str, dict[str, Any]] = field(default_factory=dict)

    def plan(self) -> list[Cell]:
        """Write the plan and return its cells, seed by seed."""
        cells = {
            (cell.id, cell.label): cell
            for seed in self.seeds
            for dataset in self.datasets
            for noise in self.noises
            for ratio in self.ratios
            for method in self.methods
            for cell in [self.cell(dataset, noise, ratio, method, seed)]
        }
        self.store.out.mkdir(exist_ok=True)
        self.store.write_plan({"name": "Test"}, list(cells.values()), ["tsman: learns from scarce labels"], extend=True)
        return list(cells.values())

    def cell(self, dataset: str, noise: str, ratio: float, method: str, seed: int) -> Cell:
        """One planned cell; `name=label` as a method gives a row another label."""
        name, _, label = method.partition("=")
        supervision = Noisy(noise=Chosen(name=noise if ratio else "none"), ratio=ratio)
        identity = Identity(
            dataset=ChosenDataset(name=dataset, task="chamber", fingerprint="f"),
            fold=0,
            folds=5,
            supervision=supervision,
            method=Chosen(name=name, params=self.params.get(name, {})),
            network=Chosen(name="unet"),
            view="3d",
            budget=resolve_budget("smoke", 3),
            selection=self.selection,
            seed=seed,
        )
        noise_label = noise if ratio else "clean"
        return Cell(identity=identity, label=label or name, dataset_label=dataset, noise_label=noise_label)

    def run(self, cells: Iterable[Cell], score: Score) -> None:
        """Write a finished record of each cell."""
        for cell in cells:
            rows = [self.row(cell, case, name, score) for case in range(self.cases) for name in self.classes]
            self.store.write(self.record(cell), provenance(), {"cases.parquet": pd.DataFrame(rows)})

    def fail(self, cell: Cell, error: str, status: Any = "failed") -> None:
        """Write the record of a failed cell."""
        record = Record(cell=cell.id, identity=cell.identity, result=Result(status=status, error=error))
        self.store.write(record, provenance(), {})

    def record(self, cell: Cell) -> Record:
        """A finished record."""
        noisy = isinstance(cell.identity.supervision, Noisy) and cell.identity.supervision.ratio > 0
        result = Result(
            status="done",
            updates=24,
            passes=24,
            parameters=1234,
            train_cases=8,
            test_cases=self.cases,
            split="5-fold by patient",
            classes=list(self.classes),
            tags=["gt_cropped"],
            preprocessing={"normalisation": "zscore"},
            noise=Noise(corrupted=["a", "b"], dice_mean=0.8, dice_std=0.1) if noisy else Noise(),
            memorisation=Memorisation(wrong=0.25, right=0.5, voxels=100, cases=2) if noisy else None,
            trust=[{"stage": "train", "update": i, "class": "all", "kept": 1.0, "auroc": 0.1 * i} for i in range(4)],
            pooled={name: {"dice": 0.9, "iou": 0.8} for name in self.classes},
        )
        return Record(cell=cell.id, identity=cell.identity, result=result)

    def row(self, cell: Cell, case: int, name: str, score: Score) -> dict[str, Any]:
        """One row of `cases.parquet`."""
        nan = float("nan")
        values = {metric: 1.0 if self.spacing or not metric.endswith("_mm") else nan for metric in METRICS}
        about = {"case": f"case{case}", "patient": f"p{case}", "group_site": "a", "empty": ""}
        class_of = {"class_name": name, "class": list(self.classes).index(name) + 1}
        return about | class_of | values | {"tp": 1, "fp": 2, "fn": 3} | score(cell, case, name)


def provenance() -> Provenance:
    """Some provenance."""
    return Provenance(
        nsbench="0.1.0",
        host="host",
        device="cpu",
        platform="Linux",
        python="3.11",
        versions={"torch": "2.13"},
        threads=1,
        started="2026-01-01T00:00:00",
        finished="2026-01-01T00:01:00",
        train_seconds=60.0,
        peak_memory_mib=500.0,
    )


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """A grid of two methods, clean and 50 %, two seeds, four cases; nothing of it has run."""
    return Grid(Store(tmp_path / "out"))
