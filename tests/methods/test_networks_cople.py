"""COPLE-Net: the authors' size, the paper's ablations, and every block does what the paper says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from monai.networks.blocks.squeeze_and_excitation import ResidualSELayer
from torch import nn

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Network
from nsbench.methods.networks._cople_blocks import ResidualBlock, Up

from .net_probes import SIDES, image_of, size

Networks = Callable[..., Network]
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])
SWITCHES = ("aspp", "dual_pooling", "bridge")


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def convolution(inputs: int, outputs: int, kernel: int, ndim: int) -> int:
    return inputs * outputs * kernel**ndim + outputs


def block(inputs: int, outputs: int, ndim: int) -> int:
    """Two convolutions with normalisation, squeeze & excitation, and a projection where the residual needs one."""
    excitation = convolution(outputs, outputs // 2, 1, ndim) + convolution(outputs // 2, outputs, 1, ndim)
    projection = convolution(inputs, outputs, 1, ndim) if inputs not in (1, outputs) else 0
    convolutions = convolution(inputs, outputs, 3, ndim) + convolution(outputs, outputs, 3, ndim) + 4 * outputs
    return convolutions + excitation + projection


def expected_size(ndim: int, width: int, aspp: bool = True, dual_pooling: bool = True, bridge: bool = True) -> int:
    """Parameters for one channel and two classes, counted from the paper's Fig. 3."""
    widths = [width * 2**level for level in range(5)]
    total = block(1, width, ndim) + convolution(width, 2, 3, ndim)
    for w in widths[:-1]:
        total += block(2 * w if dual_pooling else w, 2 * w, ndim)
        kept = w // 2 if bridge else w
        raised = w - kept if bridge else w
        total += convolution(2 * w, raised, 1, ndim) + block(kept + raised, w, ndim)
        total += convolution(w, kept, 1, ndim) + 2 * kept if bridge else 0
    deep = widths[-1]
    branches = sum(convolution(deep, deep // 4, kernel, ndim) for kernel in (1, 3, 3, 3))
    return total + (branches + convolution(deep, deep, 1, ndim) + 2 * deep if aspp else 0)


def test_has_the_parameters_of_the_authors_code(make_network: Networks) -> None:
    assert size(make_network("cople-net", width=32)) == 10_521_666


@both_dimensions
@pytest.mark.parametrize("off", ["", *SWITCHES])
def test_size_of_every_ablation(off: str, ndim: int, make_network: Networks) -> None:
    """At an odd width, too, the residual connection needs no projection but where a switch asks for one."""
    switches = {off: False} if off else {}
    for width in (8, 5):
        network = make_network("cople-net", ndim, width=width, **switches)
        assert size(network) == expected_size(ndim, width, **switches)


@both_dimensions
@pytest.mark.parametrize("width", [2, 3, 5])
@pytest.mark.parametrize("off", ["", *SWITCHES])
def test_any_width_channels_and_classes(off: str, width: int, ndim: int, make_network: Networks) -> None:
    switches = {off: False} if off else {}
    network = make_network("cople-net", ndim, 3, 5, width=width, **switches)
    assert network.divisor == 16
    network(image_of(ndim, 3)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    with torch.no_grad():
        found = network.eval().features(image_of(ndim, 3))
    assert tuple(found) == network.feature_stages
    for level, stages in enumerate((("enc1", "dec1"), ("enc2", "dec2"), ("enc3", "dec3"), ("enc4", "dec4"))):
        for stage in stages:
            assert found[stage].shape == (2, width * 2**level, *(side >> level for side in SIDES[ndim]))
    assert found["bottleneck"].shape == (2, 16 * width, *(side >> 4 for side in SIDES[ndim]))


def test_width_one_is_refused_before_anything_is_built(make_network: Networks) -> None:
    with pytest.raises(UserError, match=r"'width' = 1: .* greater than or equal to 2"):
        make_network("cople-net", width=1)


def test_pooling_is_maximum_and_average_side_by_side(make_network: Networks) -> None:
    feature = torch.randn(2, 8, 8, 4)
    largest, mean = nn.functional.max_pool2d(feature, 2), nn.functional.avg_pool2d(feature, 2)
    both, alone = (make_network("cople-net", width=8, dual_pooling=on).encoder[1][0] for on in (True, False))
    assert torch.equal(both(feature), torch.cat([largest, mean], 1))
    assert torch.equal(alone(feature), largest)


def test_bridge_halves_the_skip_and_meets_the_upsampled_feature(make_network: Networks) -> None:
    up = make_network("cople-net", width=8).decoder[-1].eval()
    below, skip = torch.randn(1, 16, 4, 4), torch.randn(1, 8, 8, 8)
    assert up.bridge(skip).shape == up.upsample(below).shape == (1, 4, 8, 8)
    with torch.no_grad():
        expected = up.block(torch.cat([up.bridge(skip), up.upsample(below)], 1))
        assert torch.equal(up(below, skip), expected)
        plain = Up(2, 8, False, 0.0).eval()
        assert torch.equal(plain(below, skip), plain.block(torch.cat([skip, plain.upsample(below)], 1)))


@both_dimensions
def test_upsampling_is_linear_up_to_the_corners(ndim: int, make_network: Networks) -> None:
    up = make_network("cople-net", ndim, width=2).decoder[-1].upsample
    reduce = up[0]
    ramp = torch.linspace(0, 1, 4).expand(1, 4, *(4,) * ndim)
    finer = torch.linspace(0, 1, 8).expand(1, 4, *(8,) * ndim)
    assert reduce.kernel_size == (1,) * ndim
    torch.testing.assert_close(up(ramp), reduce(finer))


def test_residual_connection_adds_the_input_or_its_projection() -> None:
    feature = torch.randn(2, 6, 8, 8)
    for outputs in (6, 10):
        residual = ResidualBlock(2, 6, outputs, 0.0).eval()
        change = residual(feature) - residual.convolutions(feature)
        expected = feature if outputs == 6 else residual.shortcut(feature)
        torch.testing.assert_close(change, expected, rtol=1e-4, atol=1e-5)


def test_squeeze_and_excitation_amplifies_and_never_damps(make_network: Networks) -> None:
    """f x + x with f = ReLU(.): the authors' form, not the sigmoid of Hu et al."""
    layers = [m for m in make_network("cople-net", width=8).modules() if isinstance(m, ResidualSELayer)]
    assert len(layers) == 9
    layer, feature = layers[0], torch.rand(64, 8, 4, 4) * torch.linspace(0, 9, 64).view(-1, 1, 1, 1) + 0.1
    scale = (layer(feature) / feature).amax((2, 3))
    squeeze, excite = layer.fc[0], layer.fc[2]
    hidden = nn.functional.leaky_relu(squeeze(feature.mean((2, 3))), 0.01)
    torch.testing.assert_close(scale, 1 + excite(hidden).relu(), rtol=1e-3, atol=1e-4)
    assert (scale > 0.999).all()
    assert (scale > 1.1).any()


def test_aspp_sees_as_far_as_its_largest_dilation(make_network: Networks) -> None:
    aspp = make_network("cople-net", width=2).encoder[-1][-1].eval()
    assert [(c.kernel_size[0], c.dilation[0]) for c in aspp.convs] == [(1, 1), (3, 2), (3, 4), (3, 6)]
    image = torch.zeros(1, 32, 17, 17, requires_grad=True)
    aspp(image)[0, :, 8, 8].sum().backward()
    assert image.grad is not None
    seen = image.grad[0].abs().sum(0)[8].nonzero().flatten().tolist()
    assert seen == [2, 4, 6, 8, 10, 12, 14]


def test_dropout_grows_towards_the_bottleneck(make_network: Networks) -> None:
    def rates(network: Network) -> list[float]:
        return [m.p for m in network.modules() if isinstance(m, nn.Dropout)]

    assert rates(make_network("cople-net")) == pytest.approx([0, 0, 0.3, 0.4, 0.5, 0.4, 0.3, 0, 0])
    steady, image = make_network("cople-net", dropout=0.0), image_of(2)
    assert torch.equal(steady(image), steady(image))
    lossy = make_network("cople-net")
    assert not torch.equal(lossy(image), lossy(image))
