"""Small trees of files, laid out as the publishers do."""

from __future__ import annotations

from pathlib import Path

import h5py
import nrrd
import numpy as np
import pytest
from PIL import Image

Scan = tuple[np.ndarray, np.ndarray]


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def scan() -> Scan:
    """Raw image uint8 `[12, 10, 8]` and label 0 and 1."""
    rng = np.random.default_rng(0)
    label = np.zeros((12, 10, 8), np.uint8)
    label[3:8, 2:6, 1:5] = 1
    return (rng.integers(0, 100, label.shape) + 80 * label).astype(np.uint8), label


@pytest.fixture
def h5_root(tmp_path: Path, scan: Scan) -> Path:
    """The h5 form of the left atrium: AAA and BBB to train, CCC to test."""
    root = tmp_path / "la-h5"
    for name in ("AAA", "BBB", "CCC"):
        folder = root / "2018LA_Seg_Training Set" / name
        folder.mkdir(parents=True)
        with h5py.File(folder / "mri_norm2.h5", "w") as file:
            file.create_dataset("image", data=scan[0], compression="gzip")
            file.create_dataset("label", data=scan[1], compression="gzip")
    (root / "train.list").write_text("AAA\nBBB\n")
    (root / "test.list").write_text("CCC\n")
    return root


@pytest.fixture
def nrrd_root(tmp_path: Path, scan: Scan) -> Path:
    """The NRRD form of the left atrium, the headers saying 1 mm as the publisher's do."""
    root = tmp_path / "la-nrrd"
    header = {"space": "left-posterior-superior", "space directions": np.eye(3), "space origin": np.zeros(3)}
    for name in ("Training Set/AAA", "Training Set/BBB", "Testing Set/CCC"):
        (root / name).mkdir(parents=True)
        nrrd.write(str(root / name / "lgemri.nrrd"), scan[0], header)
        nrrd.write(str(root / name / "laendo.nrrd"), scan[1] * np.uint8(255), header)
    return root


@pytest.fixture
def jsrt_root(tmp_path: Path) -> Path:
    """Chest radiographs 64 x 64: P1 and P2 to train, P3 to test; heart and lung overlap."""
    root = tmp_path / "jsrt"
    rng = np.random.default_rng(0)
    boxes = {"heart": np.s_[30:50, 28:44], "lung": np.s_[10:54, 6:32], "clavicle": np.s_[6:10, 10:30]}
    for part, names in {"training": ("P1", "P2"), "validation": ("P3",)}.items():
        for folder in ("images", *boxes):
            (root / part / folder).mkdir(parents=True)
            for name in names:
                pixels = rng.integers(0, 256, (64, 64)).astype(np.uint8)
                if folder in boxes:
                    pixels = np.zeros((64, 64), np.uint8)
                    pixels[boxes[folder]] = 255
                Image.fromarray(pixels).save(root / part / folder / f"{name}.png")
    return root
