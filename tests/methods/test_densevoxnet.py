"""DenseVoxNet: the paper's sizes, and open at its feature stages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from nsbench.benchmark.plugin import Network, UserError

Networks = Callable[..., Network]
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])


@pytest.mark.parametrize(
    ("ndim", "params", "parameters"),
    [(3, {}, 1701491), (3, {"deconvolution": 4}, 4339315), (2, {}, 714451), (2, {"deconvolution": 4}, 1279699)],
)
def test_number_of_parameters_at_the_papers_width(
    ndim: int, params: dict[str, int], parameters: int, make_network: Networks
) -> None:
    """The paper says 1.8 million; the side path, which is left out, is part of the difference."""
    network = make_network("densevoxnet", ndim, classes=3, width=16, **params)
    assert sum(p.numel() for p in network.parameters()) == parameters


@both_dimensions
def test_features_have_the_papers_channels_and_resolutions(ndim: int, make_network: Networks) -> None:
    network = make_network("densevoxnet", ndim, width=16).eval()
    with torch.no_grad():
        found = {
            name: (f.shape[1], f.shape[2]) for name, f in network.features(torch.randn(1, 1, *[16] * ndim)).items()
        }
    assert found == {
        "stem": (16, 8),
        "dense1": (160, 8),
        "transition": (160, 4),
        "dense2": (304, 4),
        "up1": (128, 8),
        "up2": (64, 16),
    }


@both_dimensions
@pytest.mark.parametrize("deconvolution", [2, 4])
def test_any_channels_classes_and_multiples_of_the_divisor(
    ndim: int, deconvolution: int, make_network: Networks
) -> None:
    network = make_network("densevoxnet", ndim, channels=3, classes=5, deconvolution=deconvolution)
    sides = (20, 12, 8)[:ndim]
    assert network.divisor == 4
    assert all(side % network.divisor == 0 and side % (2 * network.divisor) for side in sides[:2])
    assert network(torch.randn(2, 3, *sides)).shape == (2, 5, *sides)


def test_each_layer_of_a_dense_block_sees_all_before_it(make_network: Networks) -> None:
    network = make_network("densevoxnet", width=16).eval()
    layers = list(network.dense1.children())
    assert len(layers) == len(list(network.dense2.children())) == 12
    assert [layer[2].in_channels for layer in layers] == [16 + 12 * i for i in range(12)]
    stem = torch.randn(1, 16, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(network.dense1(stem)[:, :16], stem)


def test_growth_follows_the_width_unless_set(make_network: Networks) -> None:
    assert [make_network("densevoxnet", width=width).growth for width in (16, 8, 1)] == [12, 6, 1]
    assert make_network("densevoxnet", width=8, growth=12).growth == 12


def test_dropout_of_values_after_every_convolution_of_the_dense_blocks(make_network: Networks) -> None:
    network = make_network("densevoxnet", width=16)
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == [0.2] * 25
    torch.manual_seed(0)
    grown = network.dense1(torch.randn(2, 16, 8, 8))[:, 16:]
    assert (grown == 0).float().mean() == pytest.approx(0.2, abs=0.02)
    steady, image = make_network("densevoxnet", dropout=0.0), torch.randn(2, 1, 8, 8)
    assert torch.equal(steady(image), steady(image))


def test_pooling_takes_the_maximum(make_network: Networks) -> None:
    """The released network does; MONAI's transition averages."""
    *_, pool = make_network("densevoxnet", 3).transition
    volume = torch.zeros(1, 1, 2, 2, 2)
    volume[..., 0, 1, 1] = 8
    assert pool(volume).item() == 8


def test_kernel_sides_that_do_not_double_are_refused(make_network: Networks) -> None:
    with pytest.raises(UserError, match="Input should be 2 or 4"):
        make_network("densevoxnet", deconvolution=3)
