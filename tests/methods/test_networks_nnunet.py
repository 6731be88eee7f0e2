"""nnU-Net 2018: the same as MONAI's DynUNet but for its poolings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from monai.networks.nets.dynunet import DynUNet
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, max_pool3d

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Builder, Network

from . import net_probes

Networks = Callable[..., Network]
both = pytest.mark.parametrize("ndim", [2, 3])
SIDES = {2: (32, 16), 3: (16, 16, 8)}


def image_of(ndim: int, channels: int = 1, sides: tuple[int, ...] = ()) -> Tensor:
    return net_probes.image_of(ndim, channels, sides=sides or SIDES[ndim])


@pytest.fixture
def nnunet(make_network: Networks) -> Networks:
    """`nnunet(ndim, channels=, classes=, **params)`: three poolings and width 2 unless told."""

    def make(ndim: int, **given: Any) -> Network:
        return make_network(f"nnunet-{ndim}d", ndim, **({"levels": 3} | given))

    return make


def block(inputs: int, outputs: int, taps: int) -> int:
    """Two convolutions without bias, two affine normalisations."""
    return taps * (inputs + outputs) * outputs + 4 * outputs


def expected(ndim: int, widths: list[int], classes: int) -> int:
    taps = 3**ndim
    down = sum(block(a, b, taps) for a, b in zip([1, *widths], widths))
    up = sum(2**ndim * b * a + block(2 * a, a, taps) for a, b in pairwise(widths))
    return down + up + widths[0] * classes + classes


@pytest.mark.parametrize(
    ("ndim", "levels", "widths"),
    [
        (2, 6, [30, 60, 120, 240, 480, 480, 480]),
        (3, 5, [30, 60, 120, 240, 320, 320]),
        (3, 4, [30, 60, 120, 240, 320]),
    ],
)
def test_number_of_parameters_at_the_papers_width(ndim: int, levels: int, widths: list[int], nnunet: Networks) -> None:
    with torch.device("meta"):
        network = nnunet(ndim, classes=3, width=30, levels=levels)
    assert sum(p.numel() for p in network.parameters()) == expected(ndim, widths, 3)


@both
def test_with_strides_equals_monais_dynunet(ndim: int, nnunet: Networks) -> None:
    network = nnunet(ndim, classes=3, width=4, pooling="stride", cap=12)
    monais = DynUNet(ndim, 1, 3, [3] * 4, [1, 2, 2, 2], [2] * 3, filters=[4, 8, 12, 12])
    theirs = {name: value for name, value in monais.state_dict().items() if "skip_layers" not in name}
    ups = [name for name in theirs if name.startswith("upsamples")]
    head = [name for name in theirs if name.startswith("output_block")]
    down = [
        name for prefix in ("input_block", "downsamples", "bottleneck") for name in theirs if name.startswith(prefix)
    ]
    network.load_state_dict(dict(zip(network.state_dict(), (theirs[n] for n in (*down, *ups, *head)), strict=True)))
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(image_of(ndim)), monais.eval()(image_of(ndim)), rtol=0, atol=0)


@both
def test_pools_by_maximum(ndim: int, nnunet: Networks) -> None:
    network, pool = nnunet(ndim).eval(), max_pool2d if ndim == 2 else max_pool3d
    with torch.no_grad():
        found = network.features(image_of(ndim))
        for level, (above, below) in enumerate([("enc1", "enc2"), ("enc2", "enc3"), ("enc3", "bottleneck")], start=1):
            assert torch.equal(found[below], network.encoder[level][1](pool(found[above], 2)))


@both
def test_normalisation_and_activation(ndim: int, nnunet: Networks) -> None:
    network = nnunet(ndim)
    kind = nn.InstanceNorm2d if ndim == 2 else nn.InstanceNorm3d
    norms = [m for m in network.modules() if isinstance(m, kind)]
    assert [m.affine for m in norms] == [True] * 2 * 7
    assert {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)} == {0.01}
    assert not list(network.buffers())


@both
def test_levels_set_stages_and_divisor(ndim: int, make_network: Networks) -> None:
    usual = make_network(f"nnunet-{ndim}d", ndim)
    assert (usual.divisor, usual.feature_stages) == (16, type(usual).feature_stages)
    network = make_network(f"nnunet-{ndim}d", ndim, levels=2, channels=4, classes=5).eval()
    assert network.divisor == 4
    with torch.no_grad():
        image = image_of(ndim, 4, (12, 8, 4)[:ndim])
        assert network(image).shape == (2, 5, *image.shape[2:])
        found = network.features(image)
    assert tuple(found) == network.feature_stages == ("enc1", "enc2", "bottleneck", "dec2", "dec1")
    for stage, level in zip(found, (0, 1, 2, 1, 0), strict=True):
        assert found[stage].shape == (2, 2 * 2**level, *(side >> level for side in image.shape[2:]))


def test_every_number_of_poolings_and_no_other(make_network: Networks) -> None:
    for levels in range(2, 7):
        network = make_network("nnunet-2d", levels=levels)
        side = 2 * network.divisor
        assert network(torch.randn(1, 1, side, side)).shape == (1, 2, side, side)
    with pytest.raises(UserError, match="levels"):
        make_network("nnunet-2d", levels=7)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flat_levels_leave_the_thick_axis_alone(axis: int, make_network: Networks) -> None:
    network = make_network("nnunet-3d", 3, levels=3, flat_levels=2, thick_axis=axis).eval()
    sides = [16, 16, 16]
    with torch.no_grad():
        found = network.features(image_of(3, sides=tuple(sides)))
        assert network(image_of(3, sides=tuple(sides))).shape == (2, 2, *sides)
    thick = [found[stage].shape[2 + axis] for stage in network.feature_stages]
    others = [found[stage].shape[2 + (axis + 1) % 3] for stage in network.feature_stages]
    assert (thick, others) == ([16, 16, 16, 8, 16, 16, 16], [16, 8, 4, 2, 4, 8, 16])
    kernels = [m.kernel_size[axis] for b in network.encoder for m in b.modules() if isinstance(m, nn.Conv3d)]
    assert kernels == [1, 1, 1, 1, 3, 3, 3, 3]


@both
def test_flow_takes_back_the_feature_it_gave(ndim: int, nnunet: Networks) -> None:
    net_probes.check_flow(nnunet(ndim).eval(), image_of(ndim))


@both
def test_gradient_reaches_every_parameter_and_is_differentiable(ndim: int, nnunet: Networks) -> None:
    network = nnunet(ndim)
    parameters = list(network.parameters())
    gradients = torch.autograd.grad(network(image_of(ndim)).square().mean(), parameters, create_graph=True)
    assert all(g.isfinite().all() for g in gradients)
    torch.stack([g.square().sum() for g in gradients]).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in parameters)
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in parameters)


@both
def test_bfloat16_autocast_and_channels_last_give_the_same(ndim: int, nnunet: Networks) -> None:
    layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
    network, image = nnunet(ndim).eval(), image_of(ndim)
    with torch.no_grad():
        wanted = network(image)
        with torch.autocast("cpu", torch.bfloat16):
            coarse = network(image).float()
        network.to(memory_format=layout)  # type: ignore[call-overload]
        found = network(image.contiguous(memory_format=layout))
    assert (coarse - wanted).abs().max() < 0.1 * wanted.abs().max()
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_initialisation_comes_from_the_builders_seed_alone(nnunet: Networks) -> None:
    def build(seed: int) -> Tensor:
        builder = Builder(lambda: nnunet(2), lambda i: seed + i)
        return torch.cat([p.flatten() for p in builder.network().parameters()])

    assert torch.equal(build(7), build(7))
    assert not torch.equal(build(7), build(8))
