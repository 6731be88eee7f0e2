"""The README's examples run as plugins, and its tables are complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import nsbench
from nsbench.benchmark.declarations import read_declarations
from nsbench.benchmark.plugin import Batch, Builder, Task
from nsbench.benchmark.registry import Registries

README = (Path(nsbench.__file__).parent / "methods" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
TABLES = set(re.findall(r"^\| `([\w-]+)` \|", README, flags=re.MULTILINE))


def load(block: str, folder: Path) -> Any:
    """Class and parameters of the one plugin that a README block declares."""
    file = folder / f"example{BLOCKS.index(block)}.py"
    file.write_text(block, encoding="utf-8")
    (declared,) = read_declarations(file)
    registries = Registries((file,))
    plugin = (registries.methods if declared.kind == "method" else registries.networks).get(declared.name)
    return plugin.load(), plugin.validate({"width": 3} if declared.kind == "network" else {})


def test_the_loss_has_at_most_ten_lines() -> None:
    body = BLOCKS[0][BLOCKS[0].index("class ") :]
    assert len([line for line in body.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("block", BLOCKS[:2], ids=["loss", "two-networks"])
def test_methods_train(block: str, ndim: int, tmp_path: Path, random_batch: Callable[..., Batch]) -> None:
    plain, params = load(BLOCKS[2], tmp_path)
    cls, values = load(block, tmp_path)
    method = cls(values, Task("task", ("a", "b"), ndim=3), ndim)
    method.setup(Builder(lambda: plain(1, 3, ndim, params), lambda i: i))
    batch = random_batch(3, (2, *(6,) * ndim), ignored=0.2)
    batch.image = batch.label.unsqueeze(1).float()
    optimiser = torch.optim.Adam(method.parameters(), lr=0.05)
    losses = []
    for i in range(30):
        optimiser.zero_grad()
        losses.append(method.step(batch, i / 30))
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.7 * losses[0]
    assert method.predict(batch.image).shape == (2, 3, *(6,) * ndim)


def test_the_two_network_example_keeps_the_fraction_it_says(tmp_path: Path, random_batch: Callable[..., Batch]) -> None:
    plain, params = load(BLOCKS[2], tmp_path)
    cls, values = load(BLOCKS[1], tmp_path)
    method = cls(values, Task("task", ("a",), ndim=2), 2)
    method.setup(Builder(lambda: plain(1, 2, 2, params), lambda i: i))
    method.step(random_batch(2, (2, 10, 10)), 0.9)
    _, trust = method.take_logs()
    assert trust.mean().item() == pytest.approx(0.8)
    batch = random_batch(2, (2, 10, 10))
    batch.ignore = batch.label >= 0
    assert method.step(batch, 0.9) == 0


def test_every_built_in_method_and_network_is_in_the_tables() -> None:
    registries = Registries()
    registered = [*registries.methods.plugins.values(), *registries.networks.plugins.values()]
    assert {plugin.name for plugin in registered if plugin.origin == "built-in"} == TABLES
    assert not registries.methods.broken
    assert not registries.networks.broken


def test_every_built_in_method_and_network_cites_and_explains_itself() -> None:
    registries = Registries()
    for plugin in [*registries.methods.plugins.values(), *registries.networks.plugins.values()]:
        if plugin.origin == "built-in":
            assert re.search(r"\b(19|20)\d\d\b", plugin.attributes["citation"]), plugin.name
            assert plugin.declared.summary, plugin.name
            for field, info in plugin.declared.params.model_fields.items():
                extra = info.json_schema_extra
                assert isinstance(extra, dict)
                assert extra["source"] or info.description, f"{plugin.name}.{field}"
