"""Prepared cases: read, checked and preprocessed once, then memory-mapped by every worker of a node."""

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
from .fingerprint import case_fingerprints
from .placement import Placement
from .steps import apply_steps, described

RECIPE = 2
"""Raised when preparation changes what it writes."""

STEPS = 1
"""Raised when the steps beside normalisation change what they give."""


@dataclass(frozen=True)
class Original:
    """A case on its original grid, on which it is scored.

    Attributes
    ----------
    label, ignore, spacing
        As in `PreparedCase`.
    placement
        The way there from the prepared grid.
    """

    label: np.ndarray
    ignore: np.ndarray | None
    spacing: tuple[float, ...] | None
    placement: Placement


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
    preprocessing
        The steps that were taken, with their settings.
    original
        None where the prepared grid is the original one.
    annotations
        Names of the case's further labels.
    """

    id: str
    patient: str
    groups: dict[str, str]
    image: np.ndarray
    label: np.ndarray
    ignore: np.ndarray | None
    spacing: tuple[float, ...] | None
    preprocessing: dict[str, Any]
    original: Original | None = None
    annotations: tuple[str, ...] = ()

    @property
    def voxel(self) -> tuple[float, ...]:
        """Spacing, or unit spacing where it is not known."""
        return self.spacing or (1.0,) * self.label.ndim


def dataset_key(dataset: Dataset, fingerprint: str, code: str) -> str:
    """Key of what is made of a dataset's clean labels: `<recipe>-<content>`.

    A recipe is declared by the adapter's code, parameters and tables. Prepared cases depend on it and on their own
    files; `content`, the whole dataset's, takes the place of files where a dataset has none.
    """
    params = dataset.params.model_dump(mode="json", exclude=set(dataset.choice_params))
    own_recipe = type(dataset).preprocessing_of is not Dataset.preprocessing_of
    steps = [STEPS] if own_recipe else []
    tables = dataset.content_key()
    told = [] if tables is None else [tables]
    recipe = digest([RECIPE, dataset.name, dataset.task_name, params, code, *steps, *told])
    return f"{recipe[:24]}-{digest(fingerprint)[:16]}"


def prepare(
    dataset: Dataset,
    refs: Sequence[CaseRef],
    key: str,
    tick: Callable[[str], None] = lambda case_id: None,
) -> list[PreparedCase]:
    """Prepared cases in the order of `refs`; those not in the cache are read and written there.

    Parameters
    ----------
    key
        As of `dataset_key`.
    tick
        Called with the id of every case that had to be prepared.

    Raises
    ------
    UserError
        A file is unreadable, or its content is not what the task says.
    """
    recipe, _, content = key.partition("-")
    folder = cache_folder() / "prepared" / recipe
    names = _names(dataset, refs, content)
    missing = [ref for ref in refs if not (folder / f"{names[ref.id]}.json").exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for ref in missing:
                if not (folder / f"{names[ref.id]}.json").exists():
                    _prepare_one(dataset, ref, folder, names[ref.id])
                    tick(ref.id)
    return [_open(folder, ref, names[ref.id]) for ref in refs]


def _names(dataset: Dataset, refs: Sequence[CaseRef], content: str) -> dict[str, str]:
    """By case id, what its prepared files are called: a changed case gets another name."""
    own = case_fingerprints([ref for ref in refs if ref.files], dataset.root) if dataset.root else {}
    versions = {ref.id: own.get(ref.id, content) for ref in refs}
    return {name: f"{name}.{version}" if version else name for name, version in versions.items()}


def _prepare_one(dataset: Dataset, ref: CaseRef, folder: Path, name: str) -> None:
    case = dataset.load(ref)
    where = ", ".join(path.name for path in ref.files) or "generated"
    check_case(case, dataset.task, dataset.name, where)
    recipe = dataset.preprocessing_of(case)
    ready = apply_steps(case, recipe, dataset.name)
    _save(folder, name, ready.image, ready.label, ready.ignore)
    facts: dict[str, Any] = {
        "spacing": ready.spacing,
        "ignore": ready.ignore is not None,
        "preprocessing": described(recipe),
        "annotations": list(case.annotations),
    }
    if ready.placement is not None:
        _save(folder, f"{name}.original", None, case.label, case.ignore)
        facts["original"] = {"spacing": case.spacing, "placement": ready.placement.to_json()}
    write_json(folder / f"{name}.json", facts)


def _save(folder: Path, name: str, image: np.ndarray | None, label: Any, ignore: Any) -> None:
    arrays = {"image": (image, np.float32), "label": (label, np.uint8), "ignore": (ignore, bool)}
    for part, (array, dtype) in arrays.items():
        if array is not None:
            save_array(folder / f"{name}.{part}.npy", np.asarray(array, dtype=dtype))


def _open(folder: Path, ref: CaseRef, name: str) -> PreparedCase:
    facts = json.loads((folder / f"{name}.json").read_text())
    original = facts.get("original")
    return PreparedCase(
        id=ref.id,
        patient=ref.patient,
        groups=dict(ref.groups),
        image=_mapped(folder, name, "image"),
        label=_mapped(folder, name, "label"),
        ignore=_mapped(folder, name, "ignore") if facts["ignore"] else None,
        spacing=_spacing(facts),
        preprocessing=facts["preprocessing"],
        original=_original(folder, f"{name}.original", original, facts["ignore"]) if original else None,
        annotations=tuple(facts["annotations"]),
    )


def _original(folder: Path, name: str, facts: dict[str, Any], ignore: bool) -> Original:
    return Original(
        label=_mapped(folder, name, "label"),
        ignore=_mapped(folder, name, "ignore") if ignore else None,
        spacing=_spacing(facts),
        placement=Placement.from_json(facts["placement"]),
    )


def _mapped(folder: Path, name: str, part: str) -> np.ndarray:
    array: np.ndarray = np.load(folder / f"{name}.{part}.npy", mmap_mode="c")
    return array


def _spacing(facts: dict[str, Any]) -> tuple[float, ...] | None:
    return tuple(facts["spacing"]) if facts["spacing"] else None


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
