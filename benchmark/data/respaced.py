"""A dataset at another spacing than its own recipe gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..plugin.case import Case, CaseRef, Split, Task
from ..plugin.dataset import Dataset
from ..plugin.preprocessing import Preprocessing


class Respaced(Dataset):
    """What another adapter reads, its recipe resampling to `spacing` (mm per voxel, one per axis)."""

    def __init__(self, inner: Dataset, spacing: tuple[float, ...]) -> None:
        super().__init__(inner.root, inner.task_name, inner.params)
        self.name, self.citation, self.tasks = inner.name, inner.citation, inner.tasks  # type: ignore[misc]
        self._inner, self._spacing = inner, spacing

    @property
    def task(self) -> Task:
        return self._inner.task

    @property
    def trusts_headers(self) -> bool:
        return self._inner.trusts_headers

    def cases(self) -> list[CaseRef]:
        return self._inner.cases()

    def load(self, ref: CaseRef) -> Case:
        return self._inner.load(ref)

    def split(self, fold: int, seed: int) -> Split | None:
        return self._inner.split(fold, seed)

    def preprocessing_of(self, case: Case) -> Preprocessing:
        return replace(self._inner.preprocessing_of(case), spacing=self._spacing)

    def read_image(self, path: Path) -> Case:
        return self._inner.read_image(path)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        return self._inner.write_label(case, label, path)
