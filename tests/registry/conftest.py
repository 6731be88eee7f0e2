"""Plugin files and installed packages, made up on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

NOISE = """
import numpy as np
from nsbench import Corruption, NoiseModel

class Copy(NoiseModel):
    '''{summary}'''
    name = "{name}"
    citation = "Nobody, 'Nothing', 2020"

    def corrupt(self, label, spacing, rng, image):
        return Corruption({result})
"""


def noise_model(name: str, summary: str = "A copy.", result: str = "label.copy()") -> str:
    """Text of a file with one noise model."""
    return NOISE.format(name=name, summary=summary, result=result)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below the test's folder: `write("a/b.py", text)`."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def install(tmp_path: Path, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a package as pip leaves it: `install("name", "1.0", {"plugin = module:Class": group}, files)`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def installed(name: str, version: str, points: dict[str, str], files: dict[str, str]) -> None:
        info = f"site/{name.replace('-', '_')}-{version}.dist-info"
        for old in site.glob(f"{name.replace('-', '_')}-*.dist-info/*"):
            old.unlink()
        write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        write(f"{info}/entry_points.txt", "\n".join(f"[{group}]\n{point}" for point, group in points.items()))
        for path, text in files.items():
            write(f"site/{path}", text)

    return installed
