"""Seconds a case for MedPy's five overlap and surface metrics and for all of nsbench's, side by side.

    python tests/perf/metrics.py --data-root la-full-sample

Reads the masks of `*/*/mri_norm2.h5` or `*/mri_norm2.h5` under the folder; without one, scores generated masks of the
same size. Each mask is compared with perturbed copies of itself. One thread; the fastest of `--repeats`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import TypeVar

os.environ["OMP_NUM_THREADS"] = "1"

import h5py
import numpy as np
from medpy.metric import binary
from scipy import ndimage

from nsbench.benchmark.metrics import score_case

T = TypeVar("T")
SPACING = (0.625, 0.625, 0.625)
MEDPY = {"dice": binary.dc, "iou": binary.jc, "asd": binary.asd, "assd": binary.assd, "hd95": binary.hd95}


def main() -> None:
    """Print one line per mask and perturbation, and the ratio over all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, help="folder of left-atrium h5 volumes")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'case':22} {'prediction':10} {'dice':>6} {'MedPy s':>8} {'nsbench s':>9} {'ratio':>6} {'difference':>10}")
    lines = [
        compare(case, kind, prediction, truth, options.repeats)
        for case, truth in masks(options.data_root)
        for kind, prediction in perturbed(truth)
    ]
    theirs, ours, difference = (np.array(column) for column in zip(*lines))
    print(
        f"mean of all: MedPy {theirs.mean():.3f} s, nsbench {ours.mean():.3f} s, ratio {theirs.sum() / ours.sum():.1f}"
    )
    print(f"lowest ratio {(theirs / ours).min():.1f}, largest difference {difference.max():.1e}")


def compare(
    case: str, kind: str, prediction: np.ndarray, truth: np.ndarray, repeats: int
) -> tuple[float, float, float]:
    """Time both on one pair of masks and print the line; returns both times (s) and the largest difference."""
    theirs, reference = timed(lambda: {name: metric(prediction, truth) for name, metric in MEDPY.items()}, repeats)
    ours, rows = timed(lambda: score_case(prediction, truth, SPACING, 2), repeats)
    difference = max(abs(rows[0][name] - value) for name, value in reference.items())
    print(
        f"{case:22} {kind:10} {rows[0]['dice']:6.3f} {theirs:8.3f} {ours:9.3f} {theirs / ours:6.1f} {difference:10.1e}",
        flush=True,
    )
    return theirs, ours, difference


def timed(call: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Seconds of the fastest of several calls, and what it returned."""
    fastest = float("inf")
    for _ in range(repeats):
        start = perf_counter()
        result = call()
        fastest = min(fastest, perf_counter() - start)
    return fastest, result


def masks(root: Path | None) -> Iterator[tuple[str, np.ndarray]]:
    """Name and uint8 mask of each volume under the folder, else of a generated chamber with tubes."""
    if root is None:
        yield "generated", chamber((190, 142, 88))
        return
    files = sorted([*root.glob("*/mri_norm2.h5"), *root.glob("*/*/mri_norm2.h5")])
    if not files:
        raise SystemExit(f"no mri_norm2.h5 found in the sub-folders of {root}")
    for file in files:
        with h5py.File(file) as volume:
            yield file.parent.name, volume["label"][:].astype(np.uint8)


def chamber(shape: tuple[int, int, int]) -> np.ndarray:
    """An ellipsoid with four tubes, about the size of a left atrium at 0.625 mm."""
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij", sparse=True)
    body = (x / 0.5) ** 2 + (y / 0.45) ** 2 + (z / 0.6) ** 2 < 1
    tubes = ((abs(y) - 0.35) ** 2 + (abs(z) - 0.3) ** 2 < 0.015) & (abs(x) < 0.7)
    return (body | tubes).astype(np.uint8)


def perturbed(truth: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Predictions of different quality: a wavy boundary, too small, too large, moved, and with false islands."""
    rng = np.random.default_rng(0)
    inside = truth.astype(bool)
    signed = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    waves = ndimage.gaussian_filter(rng.normal(size=truth.shape), 4)
    waves /= waves.std()
    yield "wavy", (signed + 3 * waves > 0).astype(np.uint8)
    yield "eroded", (signed > 8).astype(np.uint8)
    yield "dilated", (signed > -8).astype(np.uint8)
    yield "moved", np.roll(truth, 10, axis=0)
    yield "islands", (inside | (waves > 2.5)).astype(np.uint8)


if __name__ == "__main__":
    main()
