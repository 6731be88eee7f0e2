"""A wheel holds what the repository holds."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nsbench

ROOT = Path(nsbench.__file__).resolve().parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_listed() -> None:
    folders = ("benchmark", "datasets", "methods", "noise_models")
    found = {path.parent for folder in folders for path in (ROOT / folder).rglob("__init__.py")}
    packages = {".".join(["nsbench", *path.relative_to(ROOT).parts]) for path in found} | {"nsbench"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_every_folder_with_code_is_a_package() -> None:
    folders = ("benchmark", "datasets", "methods", "noise_models")
    code = {
        path.parent for folder in folders for path in (ROOT / folder).rglob("*.py") if "templates" not in path.parts
    }
    assert [str(path) for path in code if not (path / "__init__.py").exists()] == []


def test_reported_numbers_and_claims_are_package_data() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["nsbench"]
    shipped = {path for pattern in patterns for path in ROOT.glob(pattern)}
    assert set((ROOT / "leaderboards" / "reported").glob("*.csv")) <= shipped
    assert set((ROOT / "leaderboards" / "claims").glob("*.yaml")) <= shipped
    assert set((ROOT / "leaderboards" / "mappings").glob("*.yaml")) <= shipped
