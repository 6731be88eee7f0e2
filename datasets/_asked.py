"""Preprocessing of data whose nature only their user knows."""

from __future__ import annotations

from typing import Literal

from ..benchmark.plugin import Case, Normalisation, Preprocessing, UserError

Limits = tuple[float, float]
Steps = tuple[float, float, float]


def asked_preprocessing(
    dataset: str,
    case: Case,
    resample: Steps | None,
    clip: Limits | None,
    normalisation: Normalisation,
    crop: Literal["none", "nonzero"] = "none",
) -> Preprocessing:
    """What the parameters ask for; volumes that know where they lie are turned to RAS, pictures are not resampled.

    Raises
    ------
    UserError
        When `resample` is not positive, or `clip` has no width.
    """
    if resample is not None and min(resample) <= 0:
        raise UserError(f"dataset {dataset}: resample={list(resample)}; expected three positive millimetres")
    if clip is not None and clip[0] >= clip[1]:
        raise UserError(f"dataset {dataset}: clip={list(clip)}; expected the lower limit first")
    volume = case.image.ndim == 4
    return Preprocessing(
        orientation="RAS" if volume and "affine" in case.geometry else None,
        spacing=resample if volume else None,
        crop=crop if volume else "none",
        clip=clip,
        normalisation=normalisation,
    )
