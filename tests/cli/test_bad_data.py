"""Data that cannot be used: one message that names the file, exit code 2, nothing written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def truncate(root: Path) -> None:
    path = root / "training" / "images" / "training1.png"
    path.write_bytes(path.read_bytes()[:200])


def other_values(root: Path) -> None:
    _mask(root, 1, np.full((32, 32), 7))


def other_shape(root: Path) -> None:
    _mask(root, 1, np.zeros((30, 32)))


def no_label(root: Path) -> None:
    (root / "training" / "heart" / "training1.png").unlink()


def no_foreground(root: Path) -> None:
    for index in range(3):
        _mask(root, index, np.zeros((32, 32)))


def _mask(root: Path, index: int, values: np.ndarray) -> None:
    Image.fromarray(values.astype(np.uint8)).save(root / "training" / "heart" / f"training{index}.png")


@pytest.fixture
def radiographs(tmp_path: Path) -> Path:
    """A tiny folder in the form of `jsrt`."""
    rng = np.random.default_rng(0)
    root = tmp_path / "jsrt"
    for part in ("training", "validation"):
        for folder in ("images", "heart"):
            (root / part / folder).mkdir(parents=True)
        for index in range(3):
            image = rng.integers(0, 255, (32, 32), dtype=np.uint8)
            Image.fromarray(image).save(root / part / "images" / f"{part}{index}.png")
            mask = np.zeros((32, 32), np.uint8)
            mask[8:20, 8:20] = 255
            Image.fromarray(mask).save(root / part / "heart" / f"{part}{index}.png")
    return root


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (truncate, "training1.png: damaged"),
        (other_values, "training1.png: mask values 7"),
        (other_shape, "training1.png: mask of (30, 32) pixels"),
        (no_label, "no label for"),
        (no_foreground, "no training label holds class heart"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_unusable_data_end_with_2_and_leave_nothing(
    radiographs: Path, tmp_path: Path, spoil: Callable[[Path], None], named: str
) -> None:
    spoil(radiographs)
    out = tmp_path / "out"
    command = [sys.executable, "-c", "from nsbench.benchmark.cli.main import main; main()", "run"]
    flags = ["--dataset", "jsrt:heart,size=32", "--data-root", f"jsrt={radiographs}", "--methods", "ce"]
    rest = ["--budget", "smoke", "--executor", "inline", "--out", str(out)]
    done = subprocess.run([*command, *flags, *rest], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    message = [line for line in done.stderr.splitlines() if line.startswith("nsbench:")]
    assert len(message) == 1
    assert named in message[0]
    assert "Traceback" not in done.stderr
    assert not out.exists()
