"""Packages as `nsbench new` writes them, installed as a user installs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from nsbench.benchmark.cli.main import app

PLUGINS = {"method": "my-loss", "dataset": "my-scans", "noise-model": "my-shift", "network": "my-net"}


@dataclass(frozen=True)
class Installed:
    """Where the packages were written and where they were installed to."""

    packages: Path
    site: Path

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run Python where the packages are installed."""
        path = os.pathsep.join([str(self.site), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, *map(str, words)]
        return subprocess.run(command, env=environment, cwd=self.site, capture_output=True, text=True, check=False)

    def nsbench(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run the command line where the packages are installed."""
        return self.run("-c", "from nsbench.benchmark.cli.main import main; main()", *words)


@pytest.fixture
def nsbench() -> Callable[..., Result]:
    """Run a command in this process: `nsbench("new", "method", "my-loss")`."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """One package of every kind, written and installed without network."""
    pytest.importorskip("pip", reason="pip is not installed: packages cannot be installed")
    found = Installed(tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("site"))
    for kind, name in PLUGINS.items():
        result = CliRunner().invoke(app, ["new", kind, name, "--into", str(found.packages)])
        assert result.exit_code == 0, result.output
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--target", found.site]
    pip = found.run("-m", "pip", "install", *options, *(found.packages / name for name in PLUGINS.values()))
    assert pip.returncode == 0, pip.stderr
    return found


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the generated dataset reads: six images of six patients."""
    folder = tmp_path_factory.mktemp("scans")
    mask = np.zeros((40, 32), np.uint8)
    mask[10:26, 8:22] = 255
    for i in range(6):
        noise = np.random.default_rng(i).integers(0, 100, mask.shape)
        for part, pixels in {"images": noise + mask // 2, "labels": np.roll(mask, i, axis=0)}.items():
            (folder / part).mkdir(exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / part / f"patient{i}_1.png")
    return folder
