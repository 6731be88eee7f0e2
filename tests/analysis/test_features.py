"""Features beside labels: aligned patches, pooled labels, ignored voxels, the networks that predict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

import nsbench
from nsbench.benchmark.analysis import features
from nsbench.benchmark.analysis.features import Analysis
from nsbench.benchmark.analysis.levels import encoder_levels, level_moments, predicting_networks
from nsbench.benchmark.analysis.regression import coefficients, r_squared
from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.cli.main import app
from nsbench.benchmark.data.prepare import PreparedCase
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Network
from nsbench.benchmark.plugin.network import Flow
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.store import Store
from nsbench.benchmark.testing.trial import CPU


class Sees(Network):
    """Level `full` holds the image and its square, `half` their means over 2 x 2 (x 2) voxels."""

    def flow(self, image: Tensor) -> Flow:
        full = yield "full", torch.cat([image, image**2], 1)
        pool = torch.nn.functional.avg_pool2d if image.ndim == 4 else torch.nn.functional.avg_pool3d
        half = yield "half", pool(full, 2)
        return half


def case_of(shape: tuple[int, ...], ignore: bool = False) -> PreparedCase:
    """An image whose value is the label 0, 1 or 2."""
    label = np.random.default_rng(0).integers(0, 3, shape).astype(np.uint8)
    image = label[None].astype(np.float32)
    mask = None
    if ignore:
        mask = np.zeros(shape, bool)
        mask[: shape[0] // 2] = True
        image = np.where(mask, 1e3, image).astype(np.float32)
    return PreparedCase("case", "case", {}, image, label, mask, None, {}, None)


@pytest.mark.parametrize(
    ("shape", "axis", "ndim"), [((20, 13), None, 2), ((10, 9, 6), None, 3), ((10, 12, 6), 0, 2), ((10, 12, 6), 2, 2)]
)
def test_features_meet_the_labels_of_their_places(shape: tuple[int, ...], axis: int | None, ndim: int) -> None:
    network = Sees(1, 3, ndim, Network.Params())
    budget = resolve_budget("smoke", ndim, {"patch": (8,) * ndim, "precision": "fp32"})
    (levels,) = level_moments([network], case_of(shape), 3, budget, axis, CPU)
    assert levels["full"].voxels == np.prod(shape), "what is padded does not count"
    for name in ("full", "half"):
        assert r_squared(coefficients(levels[name]), levels[name]) == pytest.approx(1, abs=1e-6), name


def test_ignored_voxels_are_left_out() -> None:
    network = Sees(1, 3, 2, Network.Params())
    budget = resolve_budget("smoke", 2, {"patch": (8, 8), "precision": "fp32"})
    (levels,) = level_moments([network], case_of((16, 16), ignore=True), 3, budget, None, CPU)
    assert (levels["full"].voxels, levels["half"].voxels) == (128, 32)
    assert r_squared(coefficients(levels["full"]), levels["full"]) == pytest.approx(1, abs=1e-6)


def test_cases_are_drawn_alike_for_all_methods_and_never_both_fitted_and_scored() -> None:
    ids = [f"case{i}" for i in range(7)]
    draws = Analysis(cases=5, repeats=4).draws(ids, "here")
    assert draws == Analysis(cases=5, repeats=4).draws(ids, "there")
    assert all(len(fit) == len(score) == 3 and not set(fit) & set(score) for fit, score in draws)
    assert len({tuple(fit) for fit, _ in draws}) > 1
    with pytest.raises(UserError, match="here: 1 test case"):
        Analysis().draws(ids[:1], "here")


def test_the_networks_that_predict_are_looked_at() -> None:
    class Two(torch.nn.Module):
        slice_axes = ()

        def __init__(self) -> None:
            super().__init__()
            self.idle, self.used = (Sees(1, 3, 2, Network.Params()) for _ in range(2))

        def predict(self, image: Tensor) -> Tensor:
            found: Tensor = self.used(image)
            return found

    method: Any = Two()
    assert predicting_networks(method, torch.zeros(1, 1, 8, 8), None) == [method.used]


@pytest.mark.parametrize(
    ("name", "levels"),
    [("unet", 5), ("massl-unet", 5), ("vnet", 5), ("densevoxnet", 4), ("fcn8s", 6), ("espnetv2", 4), ("cople-net", 5)],
)
def test_an_encoder_ends_at_its_coarsest_grid(name: str, levels: int) -> None:
    plugin = Registries().networks.get(name)
    network = plugin.load()(1, 2, 2, plugin.validate({"width": 2})).eval()
    found = encoder_levels(network, torch.zeros(1, 1, 64, 64))
    assert found == list(type(network).feature_stages[:levels])


def test_a_run_is_analysed_from_the_command_line(tmp_path: Path) -> None:
    def command(*words: Any) -> Any:
        return CliRunner().invoke(app, [str(word) for word in words])

    out = tmp_path / "out"
    how = ("--budget", "smoke", "--iterations", 2, "--executor", "inline", "--out", out)
    ran = command("run", "--dataset", "phantom,ndim=2,cases=12", "--methods", "ce", "--ratios", 0, *how)
    assert ran.exit_code == 0, ran.output
    found = command("analyze", "features", out, "--cases", 1, "--repeats", 2, "--json")
    assert found.exit_code == 0, found.output
    (cell,) = json.loads(found.stdout)["cells"]
    assert (cell["method"], cell["network"]) == ("ce", "unet")
    levels = ["enc1", "enc2", "enc3", "enc4", "bottleneck", "dec4", "dec3", "dec2", "dec1"]
    assert [level["level"] for level in cell["levels"]] == levels
    assert [level["level"] for level in cell["levels"] if level["encoder"]] == levels[:5]
    assert all(level["score"] <= 1 and level["variance"] >= 0 for level in cell["levels"])
    table = command("analyze", "features", out, "--cases", 1, "--repeats", 2)
    assert f"{cell['levels'][0]['score']:.3f}" in table.stdout
    assert table.stdout.count("enc1*") == 1
    assert "dec4*" not in table.stdout
    for words, message in (((out, "--cell", "zz"), "no such cell"), ((tmp_path / "none",), "no benchmark here")):
        failed = command("analyze", "features", *words)
        assert (failed.exit_code, message in failed.stderr) == (2, True)


def test_of_three_views_each_network_is_looked_at_along_its_axis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nsbench.run(
        datasets=["phantom,cases=8,size=16"],
        methods=["self-learning,views=three"],
        view="2d",
        labeled=[2],
        budget="smoke",
        iterations=18,
        executor="inline",
        track="none",
        out=tmp_path,
    )
    seen: list[tuple[Network, int]] = []

    def look(networks: list[Network], case: Any, classes: int, budget: Any, axis: int, device: Any) -> Any:
        seen.extend((network, axis) for network in networks)
        return level_moments(networks, case, classes, budget, axis, device)

    monkeypatch.setattr(features, "level_moments", look)
    store = Store(tmp_path)
    (cell,) = store.planned_cells()
    scores = features.analyse_cell(store, cell, Registries(), Analysis(cases=1, repeats=1))
    assert len(set(seen)) == len({network for network, _ in seen}) == 3
    assert {axis for _, axis in seen} == {0, 1, 2}
    assert scores[0].level == "enc1"
