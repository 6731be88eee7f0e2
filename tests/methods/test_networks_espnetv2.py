"""ESPNetv2: its units, its published size, and its feature stages."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Builder, Network
from nsbench.methods.networks._eesp import EespBranches, StridedEesp
from nsbench.methods.networks._pyramid_decoder import SCALES, PyramidPooling, WeighedSkip

from .net_probes import check_flow, size

Networks = Callable[..., Network]


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def activation(channels: int) -> int:
    """Weight and bias of a batch normalisation, slope of a PReLU."""
    return 3 * channels


def eesp(inputs: int, outputs: int) -> int:
    each = outputs // 4
    reduce = inputs * each // gcd(4, inputs, each) + activation(each)
    return reduce + 9 * outputs + activation(outputs) + outputs * outputs // 4 + 2 * outputs


def strided(inputs: int, outputs: int, image: int) -> int:
    shortcut = 9 * image * 3 + activation(3) + 3 * outputs + 2 * outputs
    return eesp(inputs, outputs - inputs) + shortcut + outputs


def pyramid(inputs: int, width: int) -> int:
    """Without the last point-wise convolution."""
    scales = 5 * 9 * width + activation(5 * width)
    return inputs * width + activation(width) + scales + 5 * 9 * width + activation(width)


def step(inputs: int, skip: int, width: int, outputs: int) -> int:
    weighed = skip * outputs + 9 * skip * outputs // gcd(skip, outputs) + activation(outputs)
    return pyramid(inputs, width) + width * outputs + activation(outputs) + weighed + activation(outputs)


def expected(widths: tuple[int, int, int, int], image: int, classes: int) -> int:
    a, b, c, d = widths
    encoder = 9 * image * a + activation(a) + strided(a, b, image)
    encoder += strided(b, c, image) + 3 * (eesp(c, c) + c) + strided(c, d, image) + 7 * (eesp(d, d) + d)
    decoder = step(d, c, 10, 64) + step(64, b, 10, 48) + step(48, a, 10, 32)
    return encoder + decoder + pyramid(32, 10) + 10 * classes + classes


@pytest.mark.parametrize("classes", [20, 21])
def test_published_number_of_parameters(classes: int, make_network: Networks) -> None:
    """0.79 million at s = 2 for Cityscapes (20 classes) and PASCAL VOC (21), as in the authors' table of models."""
    assert round(size(make_network("espnetv2", channels=3, classes=classes, width=32)) / 1e6, 2) == 0.79


@pytest.mark.parametrize(
    ("width", "scale", "widths"),
    [
        (32, 2.0, (32, 128, 256, 512)),
        (32, 1.25, (32, 80, 160, 320)),
        (16, 1.0, (16, 32, 64, 128)),
        (8, 2.0, (8, 32, 64, 128)),
        (2, 2.0, (4, 8, 16, 32)),
    ],
)
def test_number_of_parameters_from_the_table_of_levels(
    width: int, scale: float, widths: tuple[int, int, int, int], make_network: Networks
) -> None:
    for channels, classes in ((3, 21), (1, 2)):
        network = make_network("espnetv2", channels=channels, classes=classes, width=width, scale=scale)
        assert size(network) == expected(widths, channels, classes)


def test_any_channels_classes_and_multiples_of_the_divisor(make_network: Networks) -> None:
    network = make_network("espnetv2", channels=4, classes=5, width=6).eval()
    assert (network.ndims, network.divisor) == ((2,), 16)
    with torch.no_grad():
        for sides in ((16, 16), (48, 16), (16, 80)):
            assert network(random(2, 4, *sides)).shape == (2, 5, *sides)


def test_features_by_stage(make_network: Networks) -> None:
    network = make_network("espnetv2", width=8).eval()
    with torch.no_grad():
        found = network.features(random(2, 1, 64, 32))
    assert tuple(found) == network.feature_stages
    shapes = [(8, 2), (32, 4), (64, 8), (128, 16), (64, 8), (48, 4), (32, 2)]
    assert [f.shape for f in found.values()] == [(2, c, 64 // r, 32 // r) for c, r in shapes]


def test_flow_takes_back_the_feature_it_gave(make_network: Networks) -> None:
    check_flow(make_network("espnetv2").eval(), random(2, 1, 32, 48))


def test_branches_are_fused_from_the_smallest_dilation_on() -> None:
    branches, given = EespBranches(8, 16, (1, 2, 3, 4)), []
    assert [b.dilation[0] for b in branches.branches] == [1, 2, 3, 4]
    branches.activate.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    feature = random(1, 8, 16, 16)
    branches(feature)
    apart = [branch(branches.reduce(feature)) for branch in branches.branches]
    for i, fused in enumerate(given[0].chunk(4, 1)):
        torch.testing.assert_close(fused, sum(apart[1 : i + 1], apart[0]))


def test_strided_unit_keeps_the_pooled_feature_and_sees_the_image() -> None:
    unit, feature, image = StridedEesp(8, 24, 2, (1, 2, 3, 4)).eval(), random(1, 8, 8, 8).abs(), random(1, 2, 32, 32)
    with torch.no_grad():
        seen = unit(feature, image)
        unit.shortcut[-1].weight.zero_()
        without = unit(feature, image)
    assert seen.shape == (1, 24, 4, 4)
    assert not torch.equal(seen, without)
    assert torch.equal(without[:, :8], nn.AvgPool2d(3, 2, 1)(feature))


def test_dilations_of_the_encoder(make_network: Networks) -> None:
    network = make_network("espnetv2")
    found = [[b.dilation[0] for b in m.branches] for m in network.modules() if isinstance(m, EespBranches)]
    assert found == [[1, 2, 3, 4]] * 6 + [[1, 1, 2, 3]] * 7


def test_pyramid_resamples_to_every_scale_and_back() -> None:
    pooling, sides = PyramidPooling(4, 3, 6, logits=True), {}
    for scale, layer in zip(SCALES, pooling.scales, strict=True):
        layer.register_forward_hook(lambda _, inputs, out, scale=scale: sides.update({scale: tuple(out.shape[2:])}))
    assert pooling(random(2, 4, 20, 7)).shape == (2, 6, 20, 7)
    assert sides == {2.0: (40, 14), 1.5: (30, 11), 1.0: (20, 7), 0.5: (10, 5), 0.1: (5, 5)}


def test_skip_is_weighed_by_its_mean() -> None:
    skip, feature = WeighedSkip(6, 4).eval(), random(2, 6, 5, 5)
    matrix = skip.weigh[1].weight[:, :, 0, 0]
    weight = (feature.mean((2, 3)) @ matrix.T).sigmoid()
    torch.testing.assert_close(skip(feature), skip.expand(feature) * weight[:, :, None, None])


def test_gradient_reaches_every_parameter_and_is_differentiable(make_network: Networks) -> None:
    network = make_network("espnetv2", classes=3)
    loss = network(random(2, 1, 32, 32)).square().mean()
    gradients = torch.autograd.grad(loss, list(network.parameters()), create_graph=True)
    assert all(g.isfinite().all() for g in gradients)
    torch.stack([g.square().sum() for g in gradients]).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
    assert network.stem[0].weight.grad.abs().sum() > 0


def test_bfloat16_autocast_and_channels_last_give_the_same(make_network: Networks) -> None:
    network, image = make_network("espnetv2", width=8).eval(), random(2, 1, 48, 32)
    with torch.no_grad():
        wanted = network(image)
        with torch.autocast("cpu", torch.bfloat16):
            coarse = network(image).float()
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = network(image.contiguous(memory_format=torch.channels_last))
    assert (coarse - wanted).abs().max() < 0.1 * wanted.abs().max()
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_initialisation_comes_from_the_builders_seed_alone(make_network: Networks) -> None:
    def build(seed: int) -> Tensor:
        builder = Builder(lambda: make_network("espnetv2"), lambda i: seed + i)
        return torch.cat([p.flatten() for p in builder.network().parameters()])

    assert torch.equal(build(7), build(7))
    assert not torch.equal(build(7), build(8))


def test_learns_a_bright_disc(make_network: Networks) -> None:
    torch.manual_seed(0)
    network = make_network("espnetv2", width=4)
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    centres = torch.tensor([[10, 12], [20, 18], [14, 22], [18, 9]])
    label = torch.stack([(y - a) ** 2 + (x - b) ** 2 < 49 for a, b in centres]).long()
    image = label[:, None] + 0.3 * random(4, 1, 32, 32)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(20):
        loss = nn.functional.cross_entropy(network(image), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = network(image).argmax(1)
    assert 2 * (found * label).sum() / (found.sum() + label.sum()) > 0.85
