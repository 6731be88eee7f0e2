"""U-Net and V-Net: the same as MONAI's, and open at their feature stages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.vnet import VNet
from torch import Tensor, nn

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Builder, Network

from .net_probes import SIDES, check_flow, image_of, size

Networks = Callable[..., Network]
every_network = pytest.mark.parametrize("name", ["unet", "vnet"])
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])


def theirs(name: str, ndim: int, width: int) -> nn.Module:
    if name == "vnet":
        return VNet(ndim, 1, 3, dropout_prob_down=None, dropout_prob_up=(None, 0.0), dropout_dim=ndim)
    return BasicUNet(ndim, 1, 3, tuple(width * i for i in (1, 2, 4, 8, 16, 1)), norm="batch")


@both_dimensions
@every_network
def test_equals_monais_network(name: str, ndim: int, make_network: Networks) -> None:
    ours, monais = make_network(name, ndim, classes=3, width=16), theirs(name, ndim, 16)
    ours.load_state_dict(dict(zip(ours.state_dict(), monais.state_dict().values(), strict=True)))
    image = image_of(ndim, batch=1)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(image), monais.eval()(image), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "ndim", "parameters"),
    [("unet", 2, 1948146), ("unet", 3, 5658898), ("vnet", 2, 9358730), ("vnet", 3, 45597898)],
)
def test_number_of_parameters_at_width_16(name: str, ndim: int, parameters: int, make_network: Networks) -> None:
    network = make_network(name, ndim, width=16)
    assert size(network) == parameters


@both_dimensions
@every_network
def test_any_channels_classes_and_multiples_of_the_divisor(name: str, ndim: int, make_network: Networks) -> None:
    network = make_network(name, ndim, channels=4, classes=5, width=4).eval()
    assert network.divisor == 16
    with torch.no_grad():
        assert network(image_of(ndim, 4)).shape == (2, 5, *SIDES[ndim])


@every_network
def test_features_halve_and_double(name: str, make_network: Networks) -> None:
    network = make_network(name).eval()
    with torch.no_grad():
        found = network.features(image_of(2))
    assert tuple(found) == network.feature_stages
    for level, stage in enumerate(("enc1", "enc2", "enc3", "enc4", "bottleneck")):
        assert found[stage].shape == (2, 2 * 2**level, 48 >> level, 32 >> level)
    assert [found[f"dec{i}"].shape[2:] for i in (4, 3, 2, 1)] == [found[f"enc{i}"].shape[2:] for i in (4, 3, 2, 1)]


@both_dimensions
@every_network
def test_flow_takes_back_the_feature_it_gave(name: str, ndim: int, make_network: Networks) -> None:
    check_flow(make_network(name, ndim).eval(), image_of(ndim))


@both_dimensions
@every_network
def test_gradient_reaches_every_parameter(name: str, ndim: int, make_network: Networks) -> None:
    network = make_network(name, ndim)
    torch.manual_seed(0)
    network(image_of(ndim)).square().mean().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


@every_network
def test_differentiable_twice(name: str, make_network: Networks) -> None:
    """Schemes that weigh voxels by the gradient on clean ones differentiate a gradient."""
    network = make_network(name)
    loss = network(image_of(2)).square().mean()
    gradients = torch.autograd.grad(loss, list(network.parameters()), create_graph=True)
    size = torch.stack([g.square().sum() for g in gradients]).sum()
    second = torch.autograd.grad(size, list(network.parameters()), allow_unused=True)
    assert all(g.isfinite().all() for g in second if g is not None)
    assert any((g != 0).any() for g in second if g is not None)


@both_dimensions
@every_network
def test_channels_last_gives_the_same(name: str, ndim: int, make_network: Networks) -> None:
    layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
    network, image = make_network(name, ndim).eval(), image_of(ndim)
    with torch.no_grad():
        expected = network(image)
        found = network.to(memory_format=layout)(  # type: ignore[call-overload]
            image.contiguous(memory_format=layout)
        )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@every_network
def test_bfloat16_autocast(name: str, make_network: Networks) -> None:
    network = make_network(name).eval()
    with torch.no_grad():
        expected = network(image_of(2))
        with torch.autocast("cpu", torch.bfloat16):
            found = network(image_of(2))
    assert (found.float() - expected).abs().max() < 0.1 * expected.abs().max()


@every_network
def test_initialisation_comes_from_the_builders_seed_alone(name: str, make_network: Networks) -> None:
    def build(seed: int) -> list[Tensor]:
        builder = Builder(lambda: make_network(name), lambda i: seed + i)
        return [torch.cat([p.flatten() for p in builder.network().parameters()]) for _ in range(2)]

    torch.manual_seed(1)
    first, second = build(7)
    torch.manual_seed(2)
    again, _ = build(7)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_vnet_drops_whole_channels_after_the_two_stages_of_pint(make_network: Networks) -> None:
    network, image = make_network("vnet", width=8), image_of(2)
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout2d) and m.p] == [0.5, 0.5]
    torch.manual_seed(0)
    dropped = (network.features(image)["bottleneck"] == 0).all(3).all(2)
    assert 0.3 < dropped.float().mean() < 0.7
    assert torch.equal(network.eval()(image), network(image))
    steady = make_network("vnet", dropout=0.0)
    assert torch.equal(steady(image), steady(image))


def test_vnet_names_a_width_that_fits_the_channels(make_network: Networks) -> None:
    with pytest.raises(UserError, match=r"width 16 is no multiple of the image's 3 channels; .* to 15"):
        make_network("vnet", channels=3, width=16)
    assert make_network("vnet", channels=3, width=15)(image_of(2, 3)).shape == (2, 2, *SIDES[2])


def test_unet_norm(make_network: Networks) -> None:
    assert not list(make_network("unet", norm="instance").buffers())
    assert any(isinstance(m, nn.BatchNorm3d) for m in make_network("unet", 3).modules())
