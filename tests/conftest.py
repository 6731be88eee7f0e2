"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real data; the test is skipped where there is none."""
    folder = os.environ.get("NSBENCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real data not found: set NSBENCH_DATA to the folder that holds jsrt/, la-half/ ...")
    return Path(folder).resolve()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepared data of tests go to a folder of the test session, not to the user's cache."""
    monkeypatch.setenv("NSBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
