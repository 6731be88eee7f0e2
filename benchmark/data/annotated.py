"""A case as its annotator saw it: what a noise model is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..plugin.case import CaseRef
from ..plugin.dataset import Dataset
from .checks import check_case
from .normalise import normalise
from .placement import Placement
from .prepare import PreparedCase
from .steps import clipped


@dataclass(frozen=True)
class Annotated:
    """Original voxels, with the axes turned to the orientation that the recipe declares.

    Attributes
    ----------
    label
        uint8 `[*spatial]`, the clean label.
    image
        float32 `[C, *spatial]`, clipped and normalised.
    voxel
        mm per voxel; 1 where not known.
    annotations
        Further labels by name, uint8 `[*spatial]`.
    """

    label: np.ndarray
    image: np.ndarray
    voxel: tuple[float, ...]
    annotations: dict[str, np.ndarray] = field(default_factory=dict)


def reread(dataset: Dataset, ref: CaseRef, prepared: PreparedCase) -> Annotated:
    """Read a case again from its files.

    Raises
    ------
    UserError
        A file is unreadable, or an annotation is no label of the task.
    """
    case = dataset.load(ref)
    where = ", ".join(path.name for path in ref.files) or "generated"
    for name, annotation in case.annotations.items():
        check_case(replace(case, label=annotation), dataset.task, dataset.name, f"annotation {name}, {where}")
    recipe = dataset.preprocessing_of(case)
    original = prepared.original
    placement = original.placement if original else Placement.whole(prepared.label.shape)
    image = normalise(clipped(case.image, recipe), recipe.normalisation)
    return Annotated(
        label=_turned(case.label, placement),
        image=np.stack([placement.turn(channel) for channel in image]),
        voxel=placement.turn_spacing(case.spacing or (1.0,) * prepared.label.ndim),
        annotations={name: _turned(annotation, placement) for name, annotation in case.annotations.items()},
    )


def _turned(label: np.ndarray | None, placement: Placement) -> np.ndarray:
    return np.ascontiguousarray(placement.turn(np.asarray(label)), dtype=np.uint8)
