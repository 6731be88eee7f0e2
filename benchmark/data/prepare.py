"""Prepared cases: read, checked and normalised once, then memory-mapped by every worker of a node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from ..digest import digest
from ..plugin.case import CaseRef, Task
from ..plugin.dataset import Dataset
from ..store.files import write_atomically, write_json
from .cache import cache_folder
from .checks import check_case
from .normalise import normalise

RECIPE = 1
"""Raised when preparation changes what it writes."""


@dataclass(frozen=True)
class PreparedCase:
    """A case ready for training or scoring.

    Attributes
    ----------
    image
        float32 `[C, *spatial]`, memory-mapped copy-on-write.
    label
        uint8 `[*spatial]`, the clean label.
    ignore
        bool `[*spatial]` or None.
    spacing
        mm per voxel, None where the dataset does not know.
    """

    id: str
    patient: str
    groups: dict[str, str]
    image: np.ndarray
    label: np.ndarray
    ignore: np.ndarray | None
    spacing: tuple[float, ...] | None
    preprocessing: dict[str, Any]

    @property
    def voxel(self) -> tuple[float, ...]:
        """Spacing, or unit spacing where it is not known."""
        return self.spacing or (1.0,) * self.label.ndim


def dataset_key(dataset: Dataset, fingerprint: str, code: str) -> str:
    """Key of the cache: what the prepared arrays depend on."""
    params = dataset.params.model_dump(mode="json")
    return digest([RECIPE, dataset.name, dataset.task_name, params, fingerprint, code])[:24]


def prepare(
    dataset: Dataset,
    refs: Sequence[CaseRef],
    key: str,
    tick: Callable[[str], None] = lambda case_id: None,
) -> list[PreparedCase]:
    """Prepared cases in the order of `refs`; those not in the cache are read and written there.

    `tick` is called with the id of every case that had to be prepared.

    Raises
    ------
    UserError
        A file is unreadable, or its content is not what the task says.
    """
    folder = cache_folder() / "prepared" / key
    missing = [ref for ref in refs if not (folder / f"{ref.id}.json").exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for ref in missing:
                if not (folder / f"{ref.id}.json").exists():
                    _prepare_one(dataset, ref, folder)
                    tick(ref.id)
    return [_open(folder, ref) for ref in refs]


def _prepare_one(dataset: Dataset, ref: CaseRef, folder: Path) -> None:
    case = dataset.load(ref)
    where = ", ".join(path.name for path in ref.files) or "generated"
    check_case(case, dataset.task, dataset.name, where)
    how = dataset.normalisation_of(case)
    save_array(folder / f"{ref.id}.image.npy", normalise(case.image, how))
    save_array(folder / f"{ref.id}.label.npy", np.asarray(case.label, dtype=np.uint8))
    if case.ignore is not None:
        save_array(folder / f"{ref.id}.ignore.npy", np.asarray(case.ignore, dtype=bool))
    facts = {"spacing": case.spacing, "ignore": case.ignore is not None, "preprocessing": {"normalisation": how}}
    write_json(folder / f"{ref.id}.json", facts)


def _open(folder: Path, ref: CaseRef) -> PreparedCase:
    facts = json.loads((folder / f"{ref.id}.json").read_text())
    return PreparedCase(
        id=ref.id,
        patient=ref.patient,
        groups=dict(ref.groups),
        image=np.load(folder / f"{ref.id}.image.npy", mmap_mode="c"),
        label=np.load(folder / f"{ref.id}.label.npy", mmap_mode="c"),
        ignore=np.load(folder / f"{ref.id}.ignore.npy", mmap_mode="c") if facts["ignore"] else None,
        spacing=tuple(facts["spacing"]) if facts["spacing"] else None,
        preprocessing=facts["preprocessing"],
    )


def save_array(path: Path, array: np.ndarray) -> None:
    """Write one array atomically."""

    def write(target: Path) -> None:
        with target.open("wb") as stream:
            np.save(stream, np.ascontiguousarray(array))

    write_atomically(path, write)


def missing_classes(cases: Iterable[PreparedCase], task: Task) -> list[str]:
    """Names of the classes that no label of the given cases holds."""
    present: set[int] = set()
    for case in cases:
        present.update(np.unique(case.label).tolist())
        if len(present) == task.num_classes:
            break
    return [name for i, name in enumerate(task.classes) if i + 1 not in present]
