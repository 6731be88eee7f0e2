"""A folder of data that holds every built-in dataset in small."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from ..datasets.written_trees import write_formats
from ..datasets.written_volumes import write_volume_trees


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def written_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`la/` in its h5 form and `jsrt/`; a new dataset adds a tree of its own here."""
    root = tmp_path_factory.mktemp("data")
    _write_la(root / "la")
    _write_jsrt(root / "jsrt")
    write_volume_trees(root)
    write_formats(root)
    return root


def _write_la(root: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("AAA", "BBB", "CCC"):
        folder = root / "2018LA_Seg_Training Set" / name
        folder.mkdir(parents=True)
        label = np.zeros((12, 10, 8), np.uint8)
        label[3:8, 2:6, 1:5] = 1
        with h5py.File(folder / "mri_norm2.h5", "w") as file:
            file["image"] = (rng.integers(0, 100, label.shape) + 80 * label).astype(np.uint8)
            file["label"] = label
    (root / "train.list").write_text("AAA\nBBB\n")
    (root / "test.list").write_text("CCC\n")


def _write_jsrt(root: Path) -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((256, 256), np.uint8)
    mask[80:160, 40:120] = 255
    for part, names in {"training": ("P1", "P2"), "validation": ("P3",)}.items():
        for folder in ("images", "heart", "lung", "clavicle"):
            (root / part / folder).mkdir(parents=True)
            for name in names:
                pixels = rng.integers(0, 256, mask.shape).astype(np.uint8) if folder == "images" else mask
                Image.fromarray(pixels).save(root / part / folder / f"{name}.png")
