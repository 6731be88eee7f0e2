"""Classes and connected components of a label."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import generate_binary_structure
from scipy.ndimage import label as number_components


def classes_of(label: np.ndarray) -> list[int]:
    """Foreground classes that are present, ascending."""
    return [int(value) for value in np.unique(label) if value]


def in_part(rank: int, connectivity: int) -> np.ndarray:
    """Structuring element of a stack `[parts, *part]` of this rank that joins nothing across its parts."""
    return np.pad(generate_binary_structure(rank - 1, connectivity)[np.newaxis], [(1, 1), *[(0, 0)] * (rank - 1)])


def components(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Connected components within each part of a stack, diagonal neighbours joined.

    Returns
    -------
    Component number of every voxel, 0 outside the mask; and how many there are.
    """
    numbers, count = number_components(mask, in_part(mask.ndim, mask.ndim - 1))
    return numbers, int(count)


def merge(clean: np.ndarray, masks: dict[int, np.ndarray]) -> np.ndarray:
    """A partition out of redrawn masks that may overlap.

    A class keeps what its mask keeps of its own voxels; what is then nobody's goes to a class whose
    mask claims it, the lowest value first.

    Parameters
    ----------
    clean
        The clean label.
    masks
        bool, of the shape of `clean`, by class.
    """
    result = np.zeros_like(clean)
    for value, mask in masks.items():
        result[mask & (clean == value)] = value
    for value, mask in sorted(masks.items()):
        result[mask & (result == 0)] = value
    return result
