"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.cell import Cell, Chosen, ChosenDataset, Identity, Noisy, Scarce, Transfer
from nsbench.benchmark.registry import Registries, Registry

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


@pytest.fixture(scope="session")
def registries() -> Registries:
    """The built-in and installed plugins."""
    return Registries()


@pytest.fixture
def make_cell(registries: Registries) -> Callable[..., Cell]:
    """Build a cell on a tiny 2-D phantom; keywords change one thing each."""
    return partial(build_cell, registries)


def build_cell(
    registries: Registries,
    method: str = "ce",
    *,
    dataset: str = "phantom",
    task: str = "chamber",
    root: str | None = None,
    dataset_params: dict[str, Any] | None = None,
    params: dict[str, Any] | None = None,
    noise: str = "erode-dilate",
    ratio: float = 0.5,
    network: str = "unet",
    view: str = "2d",
    ndim: int = 2,
    selection: str = "last",
    seed: int = 0,
    supervision: Scarce | Transfer | None = None,
    **budget: Any,
) -> Cell:
    """A cell of the smoke budget, with budget fields overridden by keyword."""
    data = registries.datasets.get(dataset)
    defaults = {"ndim": ndim, "cases": 8} if dataset == "phantom" else {}
    values = data.validate(defaults | (dataset_params or {})).model_dump(mode="json")
    short = {"updates": 6, "width": 4, "patch": (32,) * len((0, 0) if view.startswith("2d") else (0, 0, 0))}
    return Cell(
        identity=Identity(
            dataset=ChosenDataset(name=dataset, params=values, code=data.digest, task=task, fingerprint="test"),
            fold=0,
            folds=2,
            supervision=supervision
            or Noisy(noise=_chosen(registries.noise, noise if ratio else "none", {}), ratio=ratio),
            method=_chosen(registries.methods, method, params or {}),
            network=_chosen(registries.networks, network, {}),
            view=view,
            budget=resolve_budget("smoke", 2 if view.startswith("2d") else 3, short | budget),
            selection=selection,
            seed=seed,
        ),
        label=method,
        dataset_label=f"{dataset}:{task}",
        noise_label=noise,
        root=root,
    )


def _chosen(registry: Registry[Any], name: str, params: dict[str, Any]) -> Chosen:
    plugin = registry.get(name)
    return Chosen(name=name, params=plugin.validate(params).model_dump(mode="json"), code=plugin.digest)
