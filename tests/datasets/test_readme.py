"""The documentation's example works as a plugin file, and its tables match the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nsbench.datasets
from nsbench.benchmark.data.prepare import prepare
from nsbench.benchmark.data.split import split_cases
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Dataset
from nsbench.benchmark.registry import Registries, Registry
from nsbench.benchmark.spec.text import parse_datasets
from nsbench.benchmark.testing import contracts_for

README = (Path(nsbench.datasets.__path__[0]) / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def registries(tmp_path: Path) -> Registries:
    """The plugins with the example among them."""
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    file = tmp_path / "npy_folder.py"
    file.write_text(block, encoding="utf-8")
    return Registries((file,))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two slices of each of three patients."""
    folder = tmp_path / "npy-folder"
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    (folder / "images" / "._P0_0.npy").write_bytes(b"\0\5\26\7")
    for stem in (f"P{patient}_{slice_}" for patient in range(3) for slice_ in range(2)):
        label = np.zeros((16, 12), np.uint8)
        label[4:9, 3:8] = 1
        np.save(folder / "images" / stem, np.random.default_rng(0).normal(200, 30, label.shape) + 90 * label)
        np.save(folder / "labels" / stem, label)
    return folder


def opened(registries: Registries, root: Path, **params: Any) -> Dataset:
    plugin = registries.datasets.get("npy-folder")
    dataset: Dataset = plugin.load()(root, None, plugin.validate(params))
    return dataset


def test_the_example_is_split_and_prepared(registries: Registries, root: Path) -> None:
    dataset = opened(registries, root, spacing=0.7)
    split = split_cases(dataset, dataset.cases(), fold=0, folds=3, seed=0)
    assert (len(split.train), len(split.test)) == (4, 2)
    for case in prepare(dataset, dataset.cases(), "key"):
        assert case.image.shape == (1, 16, 12)
        assert abs(case.image.mean()) < 1e-6
        assert (case.label.sum(), case.spacing, case.patient) == (25, (0.7, 0.7), case.id[:2])


@pytest.mark.parametrize("damage", ["cut", "gone", "pickled", "empty"])
def test_the_example_names_damaged_files(registries: Registries, root: Path, damage: str) -> None:
    dataset, path = opened(registries, root), root / "labels" / "P0_0.npy"
    content = {"cut": path.read_bytes()[:150], "pickled": b"\x80\x04N.", "empty": b""}
    path.unlink()
    if damage in content:
        path.write_bytes(content[damage])
    with pytest.raises(UserError, match=r"labels/P0_0\.npy: cannot be read"):
        prepare(dataset, dataset.cases(), "key")


@pytest.mark.parametrize("contract", contracts_for("dataset"), ids=str)
def test_the_example_keeps_the_contracts(
    contract: Any, registries: Registries, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSBENCH_DATA", str(root.parent))
    contract.check(registries.datasets.get("npy-folder"), registries)


def test_every_built_in_dataset_and_task_is_in_the_table() -> None:
    plugins = Registry[Any]("dataset").plugins.values()
    for plugin in [plugin for plugin in plugins if plugin.origin == "built-in"]:
        tasks = ", ".join(f"`{task}`" for task in plugin.attributes["tasks"])
        assert f"| `{plugin.name}` | {tasks} |" in README
        assert plugin.attributes["tried_on"] in README


@pytest.mark.parametrize("text", re.findall(r"^\| `((?:jsrt|la|phantom)[:,].*?)` \|", README, flags=re.MULTILINE))
def test_parameters_by_example_are_legal(text: str) -> None:
    (choice,) = parse_datasets(text)
    plugin = Registry[Any]("dataset").get(choice["dataset"])
    assert plugin.validate(choice["params"])
    assert (choice.get("task") or plugin.attributes["tasks"][0]) in plugin.attributes["tasks"]
