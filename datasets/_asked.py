"""Data whose nature only their user knows: what is done to them is asked for in parameters."""

from __future__ import annotations

from typing import Literal

from ..benchmark.plugin import Case, Dataset, Normalisation, Preprocessing, UserError, param

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


class AskedDataset(Dataset):
    """Base of the adapters that know nothing of the data but what their parameters say."""

    class Params(Dataset.Params):
        """What is done to images, and whether headers count."""

        resample: tuple[float, float, float] | None = param(
            None, unit="mm", help="spacing that volumes are brought to; unset: as they are"
        )
        clip: tuple[float, float] | None = param(
            None, help="limits of the intensities, e.g. clip=[-100, 240] HU for CT"
        )
        normalisation: Normalisation = param("zscore", help="of each channel of each image")
        trust_headers: bool = param(
            True, help="image and label must lie alike in space; false where headers are wrong: shapes alone must agree"
        )

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Volumes with a known orientation are turned to RAS; the rest as the parameters say."""
        asked = self.params
        return asked_preprocessing(self.name, case, asked.resample, asked.clip, asked.normalisation)

    def normalisation_of(self, case: Case) -> Normalisation:
        """As the parameter says."""
        normalisation: Normalisation = self.params.normalisation
        return normalisation
