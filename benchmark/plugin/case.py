"""A task, a case, a split: the nouns that datasets speak."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Normalisation = Literal["zscore", "zscore-nonzero", "minmax", "none"]


@dataclass(frozen=True)
class Task:
    """What is to be segmented.

    Attributes
    ----------
    name
        Task id within its dataset (`heart`).
    classes
        Names of the foreground classes; label value 0 is background, value i + 1 is `classes[i]`.
    channels
        Names of the image channels.
    ndim
        2 or 3: number of spatial axes of a case.
    flips
        Spatial axes along which a mirrored image is still a plausible one (used by augmentation).
    tags
        Remarks that travel to the leaderboard (`gt_cropped`).
    """

    name: str
    classes: tuple[str, ...]
    channels: tuple[str, ...] = ("image",)
    ndim: Literal[2, 3] = 3
    flips: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.classes) + 1


@dataclass(frozen=True)
class CaseRef:
    """A case that a dataset lists, before anything of it is read.

    Attributes
    ----------
    id
        Unique within the dataset; safe in a file name.
    patient
        Cases of one patient never fall on two sides of a split.
    groups
        Names that results may be broken down by (`site`, `scanner`).
    files
        The files whose content makes up the case: the fingerprint is taken from them.
    """

    id: str
    patient: str
    groups: dict[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


@dataclass
class Case:
    """One scan or image, as it lies on disk.

    Attributes
    ----------
    id
        As in its `CaseRef`.
    image
        float32 `[C, *spatial]`.
    label
        Integer `[*spatial]`, values 0..len(task.classes); None for an image without label.
    spacing
        Millimetres per voxel, one per spatial axis; None where the file does not know.
    ignore
        bool `[*spatial]`: voxels that no loss and no metric may look at; None for none.
    annotations
        Further labels of the same image by name (`observer2`, `nonexpert`), for the noise model `real`.
    geometry
        What is needed to write a prediction in the image's own space (affine, header fields).
    """

    id: str
    image: np.ndarray
    label: np.ndarray | None
    spacing: tuple[float, ...] | None = None
    ignore: np.ndarray | None = None
    annotations: dict[str, np.ndarray] = field(default_factory=dict)
    geometry: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """Case ids of the training and the test part, disjoint by patient.

    Attributes
    ----------
    train, test
        Ids, in the order in which cases are used.
    source
        Where the split comes from, for the leaderboard.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    source: str = ""
