"""TSMAN: what its attention models select, what they leave alone, and what it is without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, Builder, Method, Network, Task, UserError
from nsbench.benchmark.plugin.network import Flow
from nsbench.benchmark.registry import Registries
from nsbench.methods._lockstep import lockstep, stage_channels
from nsbench.methods._mutual_attention import ChannelAttention, MutualAttention, SpatialAttention, smoothed

Batches = Callable[..., Batch]
Networks = Callable[..., Network]
PLUGIN = Registries().methods.get("tsman")
NONE = {"f1": False, "f2": False, "f3": False, "f4": False}
LOSS_ONLY = NONE | {"f4": True}
SIDES = {2: (32, 16), 3: (32, 16, 16)}


@pytest.fixture
def make_tsman(make_network: Networks) -> Callable[..., Method]:
    """`make_tsman(network, ndim, classes, **params)`: the method with two networks of width 2."""

    def make(network: str = "unet", ndim: int = 2, classes: int = 2, **params: Any) -> Method:
        task = Task("task", tuple(f"class{i}" for i in range(1, classes)), ndim=ndim)  # type: ignore[arg-type]
        method: Method = PLUGIN.load()(PLUGIN.validate(params), task, ndim)
        method.setup(Builder(lambda: make_network(network, ndim, classes=classes), lambda i: 100 + i))
        return method

    return make


def logits_of(*predictions: Tensor, classes: int = 2) -> list[Tensor]:
    """Leaf logits whose classes are the given ones."""
    hot = (nn.functional.one_hot(each, classes).movedim(-1, 1).float() for each in predictions)
    return [(3 * each + torch.linspace(0, 1, each.numel()).view_as(each)).requires_grad_() for each in hot]


def lone_disagreement(ndim: int = 2) -> tuple[list[Tensor], Tensor]:
    """Logits that differ in class at one inner voxel, and a mask of that voxel."""
    mask = torch.zeros(1, *[9] * ndim, dtype=torch.int64)
    mask[(0, *[4] * ndim)] = 1
    return logits_of(torch.zeros_like(mask), mask), mask


def support(logits: Tensor) -> Tensor:
    assert logits.grad is not None
    return (logits.grad != 0).any(1)


def test_gaussian_of_equation_7() -> None:
    mask = torch.zeros(1, 7, 7)
    mask[0, 3, 3] = 1
    found = smoothed(mask, 3, 0.5, (0, 1))[0]
    e = torch.exp(torch.tensor(-1.0))
    assert found[3, 3] == pytest.approx(0.332, abs=5e-4)
    torch.testing.assert_close(found[2, 3] / found[3, 3], e)
    torch.testing.assert_close(found[2, 2] / found[3, 3], e**2)
    torch.testing.assert_close(found.sum(), torch.tensor(1.0))
    assert torch.equal(smoothed(mask, 1, 0.5, (0, 1)), mask)


@pytest.mark.parametrize(
    ("params", "reach"),
    [({}, (1, 1, 0)), ({"slice_axis": 0}, (0, 1, 1)), ({"slice_axis": 1, "smoothing": "volume"}, (1, 1, 1))],
)
def test_gaussian_reaches_within_slices_or_in_all_directions(
    params: dict[str, Any], reach: tuple[int, ...], make_tsman: Callable[..., Method], make_batch: Batches
) -> None:
    method = make_tsman(ndim=3, **params, **LOSS_ONLY)
    logits, mask = lone_disagreement(3)
    method.loss(logits, make_batch(mask), 0.0)
    _, trust = method.take_logs()
    expected = torch.zeros_like(mask)
    expected[(0, *(slice(4 - r, 5 + r) for r in reach))] = 1
    assert trust is not None
    assert torch.equal(trust > 0, expected.bool())


def test_gradient_is_zero_beyond_the_kernels_reach(make_tsman: Callable[..., Method], make_batch: Batches) -> None:
    for kernel in (1, 3, 5):
        logits, mask = lone_disagreement()
        make_tsman(kernel=kernel, **LOSS_ONLY).loss(logits, make_batch(mask), 0.0).backward()
        near = torch.zeros_like(mask, dtype=torch.bool)
        reach = kernel // 2
        near[0, 4 - reach : 5 + reach, 4 - reach : 5 + reach] = True
        for each in logits:
            assert torch.equal(support(each), near)


@pytest.mark.parametrize("classes", [2, 4])
def test_kernel_1_is_update_by_disagreement(
    classes: int, make_tsman: Callable[..., Method], random_batch: Batches
) -> None:
    """Malach & Shalev-Shwartz: the gradient of voxels that both see alike is zero, that of the others as ever."""
    batch = random_batch(classes, shape=(2, 6, 5))
    draw = torch.Generator().manual_seed(1)
    a, b = (torch.randint(0, classes, (2, 6, 5), generator=draw) for _ in range(2))
    logits, plain = logits_of(a, b, classes=classes), logits_of(a, b, classes=classes)
    loss = make_tsman(classes=classes, kernel=1, **LOSS_ONLY).loss(logits, batch, 0.0)
    loss.backward()
    differ = a != b
    assert 0 < differ.sum() < differ.numel()
    losses = [cross_entropy(each, batch.label, reduction="none") for each in plain]
    torch.testing.assert_close(loss, sum((each * differ).sum() for each in losses) / differ.numel())
    sum(each.mean() for each in losses).backward()
    for each, other in zip(logits, plain):
        assert torch.equal(support(each), differ)
        torch.testing.assert_close(each.grad, other.grad * differ.unsqueeze(1))


def test_loss_attention_is_symmetric(make_tsman: Callable[..., Method], random_batch: Batches) -> None:
    batch, method = random_batch(3, ignored=0.2), make_tsman(classes=3, **LOSS_ONLY)
    draw = torch.Generator().manual_seed(2)
    a, b = (torch.randn(2, 3, 5, 4, generator=draw) for _ in range(2))
    one, other = method.loss_attention([a, b], batch.valid, 0.0), method.loss_attention([b, a], batch.valid, 0.0)
    assert torch.equal(one, other)
    assert torch.equal(method.loss([a, b], batch, 0.0), method.loss([b, a], batch, 0.0))


def test_nothing_disagrees_and_nothing_moves(make_tsman: Callable[..., Method], random_batch: Batches) -> None:
    method, batch = make_tsman(**LOSS_ONLY), random_batch()
    same = torch.randn(2, 2, 5, 4)
    for normaliser in ("voxels", "weights"):
        assert make_tsman(normaliser=normaliser, **LOSS_ONLY).loss([same, same + 1], batch, 0.0) is None
    hidden = random_batch(ignored=1.1)
    assert method.loss([same, -same], hidden, 0.0) is None
    logged, trust = method.take_logs()
    assert logged["disagreement"] == 0
    assert trust is not None
    assert not trust.any()


def test_ignored_voxels_neither_disagree_nor_count(make_tsman: Callable[..., Method], make_batch: Batches) -> None:
    logits, mask = lone_disagreement()
    method = make_tsman(**LOSS_ONLY)
    assert method.loss(logits, make_batch(mask, ignore=mask.bool()), 0.0) is None
    beside = torch.zeros_like(mask, dtype=torch.bool)
    beside[0, 4, 5] = True
    method.loss(logits, make_batch(mask, ignore=beside), 0.0).backward()
    assert not any(support(each)[beside].any() for each in logits)
    assert support(logits[0]).sum() == 8


def test_normaliser(make_tsman: Callable[..., Method], make_batch: Batches) -> None:
    """Malach's code divides by the sum of weights, but by a tenth of the voxels at the least."""
    logits, mask = lone_disagreement()
    batch = make_batch(mask)
    few = [make_tsman(normaliser=n, kernel=1, **LOSS_ONLY).loss(logits, batch, 0.0) for n in ("voxels", "weights")]
    torch.testing.assert_close(few[1], few[0] * 10)
    opposite = logits_of(torch.zeros_like(mask), torch.ones_like(mask))
    many = [make_tsman(normaliser=n, kernel=1, **LOSS_ONLY).loss(opposite, batch, 0.0) for n in ("voxels", "weights")]
    torch.testing.assert_close(many[1], many[0])


def test_every_voxel_counts_until_the_warm_up_is_over(make_tsman: Callable[..., Method], make_batch: Batches) -> None:
    logits, mask = lone_disagreement()
    method = make_tsman(warm_up=0.25, **LOSS_ONLY)
    kept = [method.loss_attention(logits, make_batch(mask).valid, progress) for progress in (0.0, 0.24, 0.25)]
    assert [bool((weights == 1).all()) for weights in kept] == [True, True, False]


def test_identical_initialisation_is_refused(make_network: Networks) -> None:
    method = PLUGIN.load()(PLUGIN.validate({}), Task("task", ("class1",), ndim=2), 2)
    with pytest.raises(ValueError, match="initialised identically"):
        method.setup(Builder(lambda: make_network("unet"), lambda i: 7))


def test_without_attention_two_independent_ce_networks(
    make_tsman: Callable[..., Method], make_network: Networks, random_batch: Batches
) -> None:
    batches = [random_batch(shape=(2, 32, 16), seed=seed, ignored=0.1) for seed in range(3)]
    together = make_tsman(**NONE)
    assert not list(together.attention.parameters())
    train(together, lambda batch: together.step(batch, 0.0), batches)
    for i, network in enumerate(together.networks):
        alone = Builder(lambda: make_network("unet"), lambda j, i=i: 100 + i).network()

        def ce(batch: Batch, alone: Network = alone) -> Tensor:
            losses = cross_entropy(alone(batch.image), batch.label, reduction="none")
            return (losses * batch.valid).sum() / batch.valid.sum()

        train(alone, ce, batches)
        for (name, ours), theirs in zip(network.named_parameters(), alone.parameters()):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7, msg=name)


def train(module: nn.Module, loss: Callable[[Batch], Tensor], batches: list[Batch]) -> None:
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    for batch in batches:
        optimiser.zero_grad()
        loss(batch).backward()
        optimiser.step()


def seeded() -> list[MutualAttention]:
    """Both kinds for four channels, and torch's generator as it is after them."""
    torch.manual_seed(0)
    return [SpatialAttention(4, 2, 3, detach=True), ChannelAttention(4, 2, 1, detach=True)]


@pytest.mark.parametrize("which", [0, 1], ids=["spatial", "channel"])
def test_a_features_gradient_is_its_own_times_its_map(which: int) -> None:
    """Eq. 5: and none of the other stream's."""
    model = seeded()[which]
    features = [torch.randn(2, 4, 6, 5, requires_grad=True) for _ in range(2)]
    gated = model(features)
    flow = torch.randn(2, 4, 6, 5)
    gated[0].backward(flow)
    attention = (gated[0] / features[0]).detach()
    assert ((attention > 0) & (attention < 1)).all()
    torch.testing.assert_close(features[0].grad, flow * attention, rtol=1e-3, atol=1e-5)
    assert features[1].grad is None
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_without_detach_streams_exchange_gradients(make_tsman: Callable[..., Method]) -> None:
    image = torch.randn(2, 1, 32, 16)
    for detach in (True, False):
        method = make_tsman(detach=detach)
        method.logits(image)[0].square().sum().backward()
        reached = [p.grad is not None and bool(p.grad.any()) for p in method.networks[1].parameters()]
        assert any(reached) is not detach


def test_attention_has_one_map_or_one_weight_a_channel() -> None:
    models = seeded()
    features = [torch.randn(2, 4, 6, 5) for _ in range(2)]
    maps = [gated / feature for gated, feature in zip(models[0](features), features)]
    weights = [gated / feature for gated, feature in zip(models[1](features), features)]
    for found in maps:
        torch.testing.assert_close(found, found[:, :1].expand_as(found))
    for found in weights:
        torch.testing.assert_close(found, found.mean((2, 3), keepdim=True).expand_as(found))
    assert not torch.allclose(maps[0], maps[1])
    assert not torch.allclose(weights[0], weights[1])


def test_attention_sees_both_streams() -> None:
    models = seeded()
    one, other, third = (torch.randn(2, 4, 6, 5) for _ in range(3))
    for model in models:
        assert not torch.equal(model([one, other])[0], model([one, third])[0])


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("network", ["unet", "vnet", "densevoxnet"])
def test_all_parameters_learn_on_any_network(
    network: str, ndim: int, make_tsman: Callable[..., Method], random_batch: Batches
) -> None:
    method = make_tsman(network, ndim, classes=4)
    loss = method.step(random_batch(4, shape=(2, *SIDES[ndim])), 0.0)
    loss.backward()
    assert [n for n, p in method.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []
    stages = method.networks[0].feature_stages
    assert method.stage_of == {"f1": stages[0], "f2": stages[1], "f3": stages[-1]}


@pytest.mark.parametrize("on", [(), ("f4",), ("f4", "f3"), ("f4", "f3", "f2"), ("f4", "f3", "f2", "f1")])
def test_rows_of_table_2(on: tuple[str, ...], make_tsman: Callable[..., Method], random_batch: Batches) -> None:
    method = make_tsman(**{model: model in on for model in NONE})
    assert sorted(method.attention) == sorted(set(on) - {"f4"})
    method.step(random_batch(shape=(2, 32, 16)), 0.0).backward()
    _, trust = method.take_logs()
    assert (trust is not None) == ("f4" in on)


def test_prediction_is_the_mean_of_both_streams(make_tsman: Callable[..., Method]) -> None:
    method, image = make_tsman().eval(), torch.randn(2, 1, 32, 16)
    with torch.no_grad():
        one, other = method.logits(image)
        torch.testing.assert_close(method.predict(image), (one.softmax(1) + other.softmax(1)) / 2)
        assert not torch.allclose(one, method.networks[0](image)), "attention also selects features at test time"


def test_lockstep_without_exchange_is_forward(make_network: Networks) -> None:
    networks = [make_network("unet").eval() for _ in range(2)]
    image, seen = torch.randn(1, 1, 32, 16), []

    def watch(stage: str, features: list[Tensor]) -> list[Tensor]:
        seen.append(stage)
        return features

    with torch.no_grad():
        for network, logits in zip(networks, lockstep(networks, image, watch), strict=True):
            assert torch.equal(logits, network(image))
    assert tuple(seen) == networks[0].feature_stages


@pytest.mark.parametrize("network", ["unet", "densevoxnet"])
def test_channels_are_found_without_a_trace(network: str, make_network: Networks) -> None:
    subject = make_network(network, channels=3)
    before = {name: value.clone() for name, value in subject.state_dict().items()}
    found = stage_channels(subject, 3)
    assert subject.training
    assert all(torch.equal(value, before[name]) for name, value in subject.state_dict().items())
    features = subject.features(torch.randn(2, 3, 32, 32))
    assert found == {name: feature.shape[1] for name, feature in features.items()}


def test_stages_by_name(make_tsman: Callable[..., Method]) -> None:
    method = make_tsman(stage1="enc3", stage3="dec2", f2=False)
    assert method.stage_of == {"f1": "enc3", "f3": "dec2"}


def test_wrong_stages_are_explained(make_tsman: Callable[..., Method]) -> None:
    with pytest.raises(UserError, match="stage2: the network has no feature stage 'enc9'; it has enc1, enc2"):
        make_tsman(stage2="enc9")
    with pytest.raises(UserError, match=r"two attention models at one feature stage .*f1 at enc2, f2 at enc2"):
        make_tsman(stage1="enc2")
    assert make_tsman(stage2="enc9", f2=False).stage_of == {"f1": "enc1", "f3": "dec1"}


class Stageless(Network):
    """A network that does not let others in."""

    def __init__(self) -> None:
        super().__init__(1, 2, 2, Network.Params())
        self.layer = nn.Conv2d(1, 2, 1)

    def flow(self, image: Tensor) -> Flow:
        yield from ()
        return self.layer(image)


def test_a_network_without_stages_has_loss_attention_alone() -> None:
    def build(**params: Any) -> Method:
        method: Method = PLUGIN.load()(PLUGIN.validate(params), Task("task", ("class1",), ndim=2), 2)
        method.setup(Builder(Stageless, lambda i: i))
        return method

    with pytest.raises(UserError, match="no feature stages to attend to; set f1, f2 and f3 to false"):
        build()
    image = torch.randn(1, 1, 4, 4)
    assert build(**LOSS_ONLY).predict(image).shape == (1, 2, 4, 4)


def test_loss_is_float32_under_autocast(
    make_tsman: Callable[..., Method], random_batch: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, seen = make_tsman(), []
    loss_of = method.loss

    def watched(logits: list[Tensor], batch: Batch, progress: float) -> Tensor | None:
        seen.extend(each.dtype for each in logits)
        seen.append(torch.float32 if not torch.is_autocast_enabled("cpu") else torch.bfloat16)
        return loss_of(logits, batch, progress)

    monkeypatch.setattr(method, "loss", watched)
    with torch.autocast("cpu", torch.bfloat16):
        loss = method.step(random_batch(shape=(2, 32, 16)), 0.5)
    assert [*seen, loss.dtype] == [torch.float32] * 4
    loss.backward()
    assert all(p.grad.isfinite().all() for p in method.parameters())
