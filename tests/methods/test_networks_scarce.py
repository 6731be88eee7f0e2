"""The networks of the papers on scarce labels: MASSL's U-Net and FCN-8s."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Network
from nsbench.benchmark.registry import Registries
from nsbench.methods.networks.fcn8s import _upsampling

Networks = Callable[..., Network]
VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Places of the convolutions in torchvision's VGG-16."""
WITH_NORM = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)


def convolution(inputs: int, outputs: int, side: int = 3, ndim: int = 2) -> int:
    return inputs * outputs * side**ndim + outputs


@pytest.mark.parametrize("ndim", [2, 3])
def test_massl_unet_has_the_papers_levels_and_widths(ndim: int, make_network: Networks) -> None:
    network = make_network("massl-unet", ndim, width=16).eval()
    widths = [16, 32, 64, 128, 256]
    down = [(1, 16), *pairwise(widths)]
    up = [(below + above, above) for above, below in pairwise(widths)]
    expected = sum(convolution(i, o, 3, ndim) + convolution(o, o, 3, ndim) for i, o in (*down, *up)) + 17 * 2
    assert sum(p.numel() for p in network.parameters()) == expected
    with torch.no_grad():
        found = network.features(torch.randn(1, 1, *(32,) * ndim))
    assert [found[name].shape[1] for name in network.feature_stages] == [*widths, *widths[3::-1]]
    assert [found[name].shape[2] for name in network.feature_stages] == [32, 16, 8, 4, 2, 4, 8, 16, 32]
    kinds = {type(part).__name__ for part in network.modules()}
    assert {f"AvgPool{ndim}d", f"InstanceNorm{ndim}d", "LeakyReLU", "Upsample"} <= kinds
    assert not {name for name in kinds if "Transpose" in name or "MaxPool" in name}


def test_fcn8s_has_the_size_of_vgg16() -> None:
    plugin = Registries().networks.get("fcn8s")
    with torch.device("meta"):
        network = plugin.load()(3, 21, 2, plugin.validate({"width": 64, "norm": "none"}))
    vgg_without_its_last_layer = 138_357_544 - 4_097_000
    scores = convolution(4096, 21, 1) + convolution(512, 21, 1) + convolution(256, 21, 1)
    upsamplings = 21 * 21 * (4 * 4 + 4 * 4 + 16 * 16)
    assert sum(p.numel() for p in network.parameters()) == vgg_without_its_last_layer + scores + upsamplings


def test_fcn8s_adds_scores_of_three_strides(make_network: Networks) -> None:
    network = make_network("fcn8s").eval()
    with torch.no_grad():
        found = network.features(torch.randn(1, 1, 64, 32))
        assert network(torch.randn(1, 1, 64, 32)).shape == (1, 2, 64, 32)
    assert [64 // found[name].shape[2] for name in network.feature_stages] == [2, 4, 8, 16, 32, 32, 16, 8]
    assert found["fuse16"].shape[1] == found["fuse8"].shape[1] == 2


@pytest.mark.parametrize("factor", [2, 8])
def test_upsampling_starts_as_linear_interpolation(factor: int) -> None:
    coarse = (torch.arange(12.0)[:, None] + 2 * torch.arange(10.0)).repeat(2, 1, 1)[None]
    with torch.no_grad():
        fine = _upsampling(2, 2, factor)(coarse)
    expected = nn.functional.interpolate(coarse, scale_factor=factor, mode="bilinear", align_corners=False)
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(fine[inside], expected[inside])


def published(folder: Path, norm: str) -> tuple[str, dict[str, torch.Tensor]]:
    """A file with torchvision's names, for colour images and width 2, named after its content."""
    widths = (2, 2, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16)
    draw, state, inputs = torch.Generator().manual_seed(0), dict[str, torch.Tensor](), 3
    for place, outputs in zip(VGG16 if norm == "none" else WITH_NORM, widths):
        state[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=draw)
        state[f"features.{place}.bias"] = torch.randn(outputs, generator=draw)
        for name in ("weight", "bias", "running_mean", "running_var") if norm == "batch" else ():
            state[f"features.{place + 1}.{name}"] = torch.rand(outputs, generator=draw)
        inputs = outputs
    for place, shape in ((0, (128, 16 * 49)), (3, (128, 128))):
        state[f"classifier.{place}.weight"] = torch.randn(shape, generator=draw)
        state[f"classifier.{place}.bias"] = torch.randn(128, generator=draw)
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(state, folder / "checkpoints" / "new.pth")
    digest = hashlib.sha256((folder / "checkpoints" / "new.pth").read_bytes()).hexdigest()
    name = f"vgg16-{digest[:8]}.pth"
    (folder / "checkpoints" / "new.pth").rename(folder / "checkpoints" / name)
    return name, state


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_published_weights_are_taken(
    norm: str, channels: int, make_network: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    name, state = published(tmp_path, norm)
    network = make_network("fcn8s", channels=channels, norm=norm, weights=name)
    first = network.blocks[0][0].weight  # type: ignore[index, union-attr]
    colours = state["features.0.weight"]
    torch.testing.assert_close(first, colours if channels == 3 else colours.sum(1, keepdim=True))
    last = VGG16[-1] if norm == "none" else WITH_NORM[-1]
    layers = [part for part in network.blocks.modules() if isinstance(part, nn.Conv2d)]  # type: ignore[union-attr]
    assert torch.equal(layers[-1].weight, state[f"features.{last}.weight"])
    assert torch.equal(network.classifier[0].weight.flatten(1), state["classifier.0.weight"])  # type: ignore[index, union-attr]
    if norm == "batch":
        norms = [part for part in network.blocks.modules() if isinstance(part, nn.BatchNorm2d)]  # type: ignore[union-attr]
        assert torch.equal(norms[-1].running_mean, state["features.41.running_mean"])  # type: ignore[arg-type]


def test_files_that_are_not_what_they_say_are_refused(
    make_network: Networks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    name, _ = published(tmp_path, "none")
    with pytest.raises(UserError, match=r"no tensor features\.1\."):
        make_network("fcn8s", channels=3, norm="batch", weights=name)
    with pytest.raises(UserError, match="shape"):
        make_network("fcn8s", channels=3, norm="none", weights=name, width=4)
    with pytest.raises(UserError, match="put the file there"):
        make_network("fcn8s", weights="vgg16-00000000.pth")
    with pytest.raises(UserError, match="as it is published"):
        make_network("fcn8s", weights="../secret.pth")
    path = tmp_path / "checkpoints" / name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(UserError, match="SHA-256"):
        make_network("fcn8s", channels=3, norm="none", weights=name)
