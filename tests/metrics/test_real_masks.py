"""Equality with MedPy and MONAI on real masks."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from medpy.metric import binary
from monai.metrics import compute_hausdorff_distance
from PIL import Image
from scipy import ndimage

from nsbench.benchmark.metrics import score_case

pytestmark = pytest.mark.data


def perturbed(truth: np.ndarray) -> np.ndarray:
    """The mask with a wavy boundary and false islands."""
    inside = truth > 0
    signed = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    waves = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=truth.shape), 4)
    waves /= waves.std()
    return ((signed + 3 * waves > 0) | (waves > 3)).astype(np.uint8)


def assert_equals_peers(prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...]) -> None:
    (row,) = score_case(prediction, truth, spacing, 2)
    expected = {
        "dice": binary.dc(prediction, truth),
        "iou": binary.jc(prediction, truth),
        "asd": binary.asd(prediction, truth),
        "assd_mm": binary.assd(prediction, truth, voxelspacing=spacing),
        "hd95_mm": binary.hd95(prediction, truth, voxelspacing=spacing),
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    y_pred, y = (torch.from_numpy(mask.astype(np.uint8))[None, None] for mask in (prediction, truth))
    monai = compute_hausdorff_distance(y_pred, y, include_background=True, percentile=95, spacing=spacing)
    assert row["hd95_max_mm"] == pytest.approx(monai.item(), rel=1e-5)


@pytest.mark.parametrize("spacing", [(0.625, 0.625, 0.625), (0.625, 0.625, 2.5)])
def test_full_resolution_left_atrium(data_root: Path, spacing: tuple[float, ...]) -> None:
    file = sorted(data_root.glob("la-full-sample/*/*/mri_norm2.h5"))[0]
    with h5py.File(file) as volume:
        truth = volume["label"][:]
    assert_equals_peers(perturbed(truth), truth, spacing)


@pytest.mark.parametrize("organ", ["lung", "heart", "clavicle"])
def test_chest_radiographs(data_root: Path, organ: str) -> None:
    for file in sorted((data_root / "jsrt" / "validation" / organ).glob("*.png"))[:3]:
        truth = (np.asarray(Image.open(file)) > 0).astype(np.uint8)
        assert_equals_peers(perturbed(truth), truth, (1.0, 1.0))
