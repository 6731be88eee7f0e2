"""The steps of a `Preprocessing`, applied to one case."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import numpy as np
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from ..errors import UserError
from ..plugin.case import Case
from ..plugin.preprocessing import Preprocessing
from .normalise import normalise
from .placement import Placement, Shape

_WORDS = {
    "orientation": "orient",
    "spacing": "resample",
    "crop": "crop",
    "clip": "clip",
    "normalisation": "normalise",
}


@dataclass(frozen=True)
class Ready:
    """A case on its prepared grid.

    Attributes
    ----------
    image
        float32 `[C, *spatial]`, clipped and normalised.
    label
        uint8 `[*spatial]`; None for an unlabeled image.
    ignore
        bool `[*spatial]` or None.
    spacing
        mm per voxel or None.
    placement
        The way back to the original grid; None where the grid is the original one.
    """

    image: np.ndarray
    label: np.ndarray | None
    ignore: np.ndarray | None
    spacing: tuple[float, ...] | None
    placement: Placement | None


def described(recipe: Preprocessing) -> dict[str, Any]:
    """The steps that are taken and their settings, in their order, as plain values."""
    default = asdict(Preprocessing())
    taken = {name: value for name, value in asdict(recipe).items() if value != default[name]}
    taken["normalisation"] = recipe.normalisation
    return {
        name: list(taken[name]) if isinstance(taken[name], tuple) else taken[name] for name in _WORDS if name in taken
    }


def recipe_text(described: dict[str, Any]) -> str:
    """The steps in words: `read, check, resample, normalise`."""
    return ", ".join(["read", "check", *(word for name, word in _WORDS.items() if name in described)])


def apply_steps(case: Case, recipe: Preprocessing, dataset: str) -> Ready:
    """Turn, resample, crop, clip and normalise a case that `check_case` has passed.

    Raises
    ------
    UserError
        The recipe asks for an affine or a spacing that the case does not have, or cannot be carried out.
    """
    placement = turned_and_resampled(case, recipe, dataset)
    image = case.image if placement.trivial else _resampled_image(case.image, placement)
    if recipe.crop == "nonzero":
        placement = Placement(placement.shape, placement.axes, placement.resampled, _nonzero_box(image))
        image = np.stack([placement.crop(channel) for channel in image])
    image = normalise(clipped(image, recipe), recipe.normalisation)
    if placement.trivial:
        label = None if case.label is None else np.asarray(case.label, dtype=np.uint8)
        ignore = None if case.ignore is None else np.asarray(case.ignore, dtype=bool)
        return Ready(image, label, ignore, case.spacing, None)
    return Ready(
        image,
        None if case.label is None else placement.label(placement.turn(case.label)),
        None if case.ignore is None else placement.mask(placement.turn(case.ignore)),
        None if case.spacing is None else placement.spacing(case.spacing),
        placement,
    )


def clipped(image: np.ndarray, recipe: Preprocessing) -> np.ndarray:
    """The image within the recipe's limits."""
    return image if recipe.clip is None else np.clip(image, *recipe.clip)


def _resampled_image(image: np.ndarray, placement: Placement) -> np.ndarray:
    return np.stack([placement.resample(placement.turn(channel)) for channel in image])


def turned_and_resampled(case: Case, recipe: Preprocessing, dataset: str) -> Placement:
    """The grid of a case before it is cropped; UserError as in `apply_steps`."""
    shape: Shape = case.image.shape[1:]
    axes = _axes(case, recipe.orientation, dataset) if recipe.orientation else None
    placement = Placement.whole(shape, axes)
    wanted = recipe.spacing
    if wanted is None or not any(wanted):
        return placement
    if case.spacing is None:
        _fail(dataset, "spacing", case, "no spacing, so it cannot be resampled", "Give the spacing, or another form.")
    if len(wanted) != len(shape):
        _fail(dataset, "spacing", case, f"{len(shape)} axes, resampling to {wanted}", "Name one spacing per axis.")
    steps = zip(placement.turned, placement.turn_spacing(case.spacing), wanted)
    resampled = tuple(size if new is None else max(1, round(size * step / new)) for size, step, new in steps)
    return Placement(shape, placement.axes, resampled, tuple((0, size) for size in resampled))


def _axes(case: Case, codes: str, dataset: str) -> tuple[tuple[int, int], ...]:
    affine = case.geometry.get("affine")
    if affine is None or case.image.ndim != 4:
        found = "no affine" if affine is None else f"{case.image.ndim - 1} axes"
        _fail(dataset, "orientation", case, f"{found}, so it cannot be brought to {codes}", "Give a volume with one.")
    if not np.isfinite(affine).all():
        _fail(dataset, "orientation", case, "an affine that is not finite", "Repair the header.")
    axes = io_orientation(np.asarray(affine, dtype=float))  # type: ignore[no-untyped-call]
    if not np.isfinite(axes).all():
        _fail(dataset, "orientation", case, "an affine with an axis of length 0", "Repair the header.")
    turns = ornt_transform(axes, axcodes2ornt(tuple(codes)))  # type: ignore[no-untyped-call]
    return tuple((int(target), int(sign)) for target, sign in turns)


def _nonzero_box(image: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Bounds of the voxels that are not 0 in any channel; the whole grid where all are 0."""
    held = (image != 0).any(axis=0)
    box = []
    for axis in range(held.ndim):
        others = tuple(other for other in range(held.ndim) if other != axis)
        filled = np.flatnonzero(held.any(axis=others))
        box.append((int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, held.shape[axis]))
    return tuple(box)


def _fail(dataset: str, check: str, case: Case, found: str, remedy: str) -> NoReturn:
    raise UserError(f"[{dataset}/{check}] case {case.id}: {found}. {remedy}")
