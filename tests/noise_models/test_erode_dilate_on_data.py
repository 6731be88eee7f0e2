"""Erode-dilate on left atria: the severity that the papers' radii amount to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.noise_models.erode_dilate import ErodeDilate

h5py: Any = pytest.importorskip("h5py")
pytestmark = pytest.mark.data


def realised_dice(data_root: Path, folder: str, count: int, spacing: float, **params: Any) -> np.ndarray:
    """Dice of corrupted against clean, for the first scans of a folder."""
    model, scores = ErodeDilate(ErodeDilate.Params(**params)), []
    files = sorted((data_root / folder).rglob("*.h5"))[:count]
    if not files:
        pytest.skip(f"no left-atrium scans under {data_root / folder}")
    for i, path in enumerate(files):
        with h5py.File(path) as file:
            clean = (file["label"][()] > 0).astype(np.uint8)
        rng = np.random.default_rng(i)
        wrong = model.corrupt(clean, (spacing,) * 3, rng, np.zeros((1, *clean.shape), np.float32)).label
        scores.append(2 * (clean & wrong).sum() / (int(clean.sum()) + int(wrong.sum())))
    return np.array(scores)


@pytest.mark.parametrize(("radius", "expected"), [(5, 0.66), (10, 0.35), (15, 0.11), (18, 0.03)])
def test_volume_erosion_at_full_resolution(data_root: Path, radius: int, expected: float) -> None:
    scores = realised_dice(
        data_root, "la-full-sample", 4, 0.625, radius=radius, mode="volume", vanish="allow", erode_probability=1
    )
    assert scores.mean() == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    "params", [{"preset": "pint"}, {"radius": (2.5, 9)}], ids=["pint in mm", "the same in voxels of 1.25 mm"]
)
def test_slice_wise_at_half_resolution(data_root: Path, params: dict[str, Any]) -> None:
    scores = realised_dice(data_root, "la-half", 12, 1.25, **params)
    assert 0.25 < scores.min() < scores.max() < 0.9
    assert 0.5 < scores.mean() < 0.8


def test_half_resolution_is_as_severe_as_full_in_millimetres(data_root: Path) -> None:
    fixed: dict[str, Any] = {"radius": 6.25, "unit": "mm", "erode_probability": 1}
    full = realised_dice(data_root, "la-full-sample", 4, 0.625, **fixed)
    half = realised_dice(data_root, "la-half", 12, 1.25, **fixed)
    assert half.mean() == pytest.approx(full.mean(), abs=0.05)
