"""Attention U-Net and scSE U-Net: the U-Net of this package, plus what their papers add."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Network
from nsbench.methods.networks.attention_unet import AttentionGate
from nsbench.methods.networks.scse_unet import ScSE

from .net_probes import SIDES, image_of, size

Networks = Callable[..., Network]
both_dimensions = pytest.mark.parametrize("ndim", [2, 3])
every_network = pytest.mark.parametrize("name", ["attention-unet", "scse-unet"])


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def gate_size(channels: int, ndim: int) -> int:
    """Skip to the coarser grid without bias, gating feature, one score."""
    return channels**2 * 2**ndim + (2 * channels * channels + channels) + (channels + 1)


def scse_size(channels: int) -> int:
    """Squeeze to half and back, and one score per voxel."""
    half = channels // 2
    return (channels * half + half) + (half * channels + channels) + (channels + 1)


@both_dimensions
@pytest.mark.parametrize("width", [8, 32])
def test_size_is_the_unets_plus_the_gates(width: int, ndim: int, make_network: Networks) -> None:
    added = size(make_network("attention-unet", ndim, width=width)) - size(make_network("unet", ndim, width=width))
    assert added == sum(gate_size(width * factor, ndim) for factor in (8, 4, 2))


@both_dimensions
@pytest.mark.parametrize("width", [8, 32])
def test_size_is_the_unets_plus_the_excitations(width: int, ndim: int, make_network: Networks) -> None:
    added = size(make_network("scse-unet", ndim, width=width)) - size(make_network("unet", ndim, width=width))
    assert added == sum(scse_size(width * factor) for factor in (1, 2, 4, 8, 16, 8, 4, 2, 1))


@pytest.mark.parametrize(
    ("name", "ndim", "parameters"),
    [
        ("attention-unet", 2, 8_299_877),
        ("attention-unet", 3, 23_486_373),
        ("scse-unet", 2, 8_222_795),
        ("scse-unet", 3, 23_065_227),
    ],
)
def test_number_of_parameters_at_the_width_of_table_ii(
    name: str, ndim: int, parameters: int, make_network: Networks
) -> None:
    assert size(make_network(name, ndim, width=32)) == parameters


@both_dimensions
@every_network
@pytest.mark.parametrize("width", [2, 3, 5])
def test_any_width_channels_and_classes(name: str, width: int, ndim: int, make_network: Networks) -> None:
    network = make_network(name, ndim, 3, 5, width=width)
    assert network.divisor == 16
    logits = network(image_of(ndim, 3))
    assert logits.shape == (2, 5, *SIDES[ndim])
    logits.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    with torch.no_grad():
        found = network.eval().features(image_of(ndim, 3))
    assert tuple(found) == network.feature_stages
    for level, stage in enumerate(("enc1", "enc2", "enc3", "enc4", "bottleneck")):
        assert found[stage].shape == (2, width * 2**level, *(side >> level for side in SIDES[ndim]))


@both_dimensions
@pytest.mark.parametrize("name", ["attention-unet", "scse-unet", "cople-net"])
def test_channels_last_and_bfloat16_give_the_same(name: str, ndim: int, make_network: Networks) -> None:
    layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
    network, image = make_network(name, ndim, width=4).eval(), image_of(ndim)
    with torch.no_grad():
        expected = network(image)
        network.to(memory_format=layout)  # type: ignore[call-overload]
        image = image.contiguous(memory_format=layout)
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-5)
        with torch.autocast("cpu", torch.bfloat16):
            low = network(image)
    assert (low.float() - expected).abs().max() < 0.1 * expected.abs().max()


@pytest.mark.parametrize("name", ["attention-unet", "scse-unet", "cople-net"])
def test_differentiable_twice(name: str, make_network: Networks) -> None:
    """Schemes that weigh voxels by the gradient on clean ones differentiate a gradient."""
    network = make_network(name)
    weights = list(network.parameters())
    gradients = torch.autograd.grad(network(image_of(2)).square().mean(), weights, create_graph=True)
    second = torch.autograd.grad(torch.stack([g.square().sum() for g in gradients]).sum(), weights, allow_unused=True)
    assert all(g.isfinite().all() for g in second if g is not None)
    assert any((g != 0).any() for g in second if g is not None)


@both_dimensions
def test_open_gates_leave_the_unet_and_closed_gates_cut_its_skips(ndim: int, make_network: Networks) -> None:
    gated, plain = make_network("attention-unet", ndim), make_network("unet", ndim)
    shared = {k.replace(".block.", "."): v for k, v in gated.state_dict().items() if ".gate." not in k}
    plain.load_state_dict(shared)
    gates = [m for m in gated.modules() if isinstance(m, AttentionGate)]
    image = image_of(ndim)

    def logits(bias: float) -> Tensor:
        for gate in gates:
            nn.init.zeros_(gate.score.weight)
            nn.init.constant_(gate.score.bias, bias)
        return gated(image)

    def without_skips() -> Tensor:
        features = [image]
        for block in plain.encoder:
            features.append(block(features[-1]))
        feature = features.pop()
        for level, block in enumerate(plain.decoder):
            skip = features.pop()
            feature = block(feature, skip if level == 3 else 0 * skip)
        return plain.head(feature)

    with torch.no_grad():
        torch.testing.assert_close(logits(100.0), plain(image), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(logits(-100.0), without_skips(), rtol=1e-4, atol=1e-4)
        assert (without_skips() - plain(image)).abs().max() > 0.01


def test_the_first_skip_is_not_gated(make_network: Networks) -> None:
    decoder = make_network("attention-unet").decoder
    assert [any(isinstance(m, AttentionGate) for m in block.modules()) for block in decoder] == [True] * 3 + [False]


@both_dimensions
def test_gate_scales_all_channels_alike_by_coefficients_of_the_coarser_grid(ndim: int) -> None:
    """Oktay et al., Eq. 1 and 2, at the corner voxel, which interpolation copies from the coarser grid."""
    gate = AttentionGate(ndim, 3)
    skip, feature = torch.rand(2, 3, *(8,) * ndim) + 0.5, torch.randn(2, 6, *(4,) * ndim)
    with torch.no_grad():
        scale = gate(skip, feature) / skip
        torch.testing.assert_close(scale, scale[:, :1].expand_as(scale))
        corner = (slice(None), slice(None), *(slice(0, 2),) * ndim)
        patch = torch.einsum("ocn,bcn->bo", gate.of_skip.weight.flatten(2), skip[corner].flatten(2))
        first = (slice(None), slice(None), *(0,) * ndim)
        gating = feature[first] @ gate.of_feature.weight.flatten(1).T + gate.of_feature.bias
        score = (patch + gating).relu() @ gate.score.weight.flatten(1).T + gate.score.bias
    torch.testing.assert_close(scale[first][:, :1], score.sigmoid())


@both_dimensions
@pytest.mark.parametrize("aggregate", ["max", "sum"])
def test_scse_is_the_larger_or_the_sum_of_both_excitations(ndim: int, aggregate: str) -> None:
    block = ScSE(ndim, 5, aggregate)  # type: ignore[arg-type]
    feature = torch.randn(2, 5, *(4,) * ndim)
    axes = tuple(range(2, 2 + ndim))
    squeeze, excite = block.channel.fc[0], block.channel.fc[2]
    assert squeeze.out_features == 2
    with torch.no_grad():
        by_channel = feature * excite(squeeze(feature.mean(axes)).relu()).sigmoid().view(2, 5, *(1,) * ndim)
        score = (feature * block.spatial.weight).sum(1, keepdim=True) + block.spatial.bias.view(1, 1, *(1,) * ndim)
        by_voxel = feature * score.sigmoid()
        both = torch.stack([by_channel, by_voxel])
        expected = both.amax(0) if aggregate == "max" else both.sum(0)
        torch.testing.assert_close(block(feature), expected)


def test_scse_follows_each_of_the_nine_blocks_and_the_skip_is_recalibrated(make_network: Networks) -> None:
    network, image = make_network("scse-unet", aggregate="sum").eval(), image_of(2)
    blocks = [*network.encoder, *network.decoder]
    assert [m for m in network.modules() if isinstance(m, ScSE)] == [b.scse for b in blocks]
    assert len(blocks) == 9
    with torch.no_grad():
        found = network.features(image)
        torch.testing.assert_close(found["enc1"], blocks[0].scse(blocks[0].block(image)))
        torch.testing.assert_close(found["dec1"], blocks[8].scse(blocks[8].block(found["dec2"], found["enc1"])))


def test_scse_of_one_channel_is_refused_before_anything_is_built(make_network: Networks) -> None:
    with pytest.raises(UserError, match=r"'width' = 1: .* greater than or equal to 2"):
        make_network("scse-unet", width=1)


@every_network
def test_norm_of_the_unet_is_theirs_too(name: str, make_network: Networks) -> None:
    assert any(isinstance(m, nn.BatchNorm2d) for m in make_network(name).modules())
    assert not list(make_network(name, norm="instance").buffers())
