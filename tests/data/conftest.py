"""A dataset made in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.plugin import Case, CaseRef, Dataset, Split, Task


class Squares(Dataset):
    """One square a case; `changes` replaces attributes of the loaded case by case id."""

    name = "squares"
    tasks = ("square",)
    needs_root = False

    def __init__(self, patients: int = 4, scans: int = 2, published: Split | None = None) -> None:
        super().__init__(None, None, Dataset.Params())
        self._patients, self._scans, self._published = patients, scans, published
        self.changes: dict[str, dict[str, Any]] = {}
        self.loaded: list[str] = []

    @property
    def task(self) -> Task:
        return Task("square", ("square",), ndim=2)

    def cases(self) -> list[CaseRef]:
        names = [(f"p{p}", f"p{p}s{s}") for p in range(self._patients) for s in range(self._scans)]
        return [CaseRef(case, patient, {"site": "north"}) for patient, case in names]

    def split(self, fold: int, seed: int) -> Split | None:
        return self._published

    def load(self, ref: CaseRef) -> Case:
        self.loaded.append(ref.id)
        rng = np.random.default_rng(sum(ref.id.encode()))
        label = np.zeros((12, 10), np.int64)
        label[2:8, 3:7] = 1
        case = Case(ref.id, rng.normal(100, 20, (1, 12, 10)) + 50.0 * label, label, (0.5, 2.0))
        for name, value in self.changes.get(ref.id, {}).items():
            setattr(case, name, value)
        return case


@pytest.fixture
def squares() -> type[Squares]:
    """The dataset's class."""
    return Squares


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
