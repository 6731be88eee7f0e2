"""Label update: an ensemble of unlike networks makes the labels that a new one learns from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import one_hot

from nsbench.benchmark.plugin import Batch, Builder, Relabel, Task
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.testing.trial import context_in, train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training import checkpoint

from .peers import FixedLogits

Make = Callable[..., Any]
WORLD = Geometry(2, 2)


@pytest.fixture
def make(make_network: Callable[..., Any]) -> Make:
    """`make(seed, **params)`: label update of U-Nets of width 2 in the tiny world, all alike if `seed` is given."""

    def built(seed: int | None = None, **params: Any) -> Any:
        plugin = Registries().methods.get("label-update")
        method = plugin.load()(plugin.validate(params), Task("task", ("a", "b"), ndim=2), 2)
        method.setup(Builder(lambda: make_network("unet", classes=3), lambda i: i if seed is None else seed))
        return method.to(memory_format=torch.channels_last)

    return built


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_stages_train_relabel_and_retrain_within_the_budget(make: Make) -> None:
    view = make_view(WORLD)
    method = make(models=3, final_share=0.4)
    ensemble, update, retrain = method.stages(view)
    assert ensemble.share + retrain.share == pytest.approx(1)
    assert dict(ensemble.on) == {f"model{i}": view for i in range(3)}, "each network draws batches of its own"
    own = [(optimiser.name, optimiser.modules) for optimiser in ensemble.optimisers]
    assert own == [(f"model{i}", (f"ensemble.{i}",)) for i in range(3)], "each steps a network of its own, once"
    assert [optimiser.modules for optimiser in retrain.optimisers] == [("network",)]
    assert isinstance(update, Relabel)
    assert update.by == ("ensemble",)
    assert retrain.share == 0.4
    assert retrain.on.ids == view.ids
    assert {case.label_source for case in retrain.on.cases} == {"update"}, "no old label may be left"
    assert method.passes == pytest.approx(3 * 0.6 + 0.4)


def test_each_stage_moves_its_own_networks(make: Make, tmp_path: Path) -> None:
    method, view = make(models=2), make_view(WORLD)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    train(method, view, context_in(str(tmp_path), WORLD, patch=(48, 32), augmentation="none"))
    first = checkpoint.load(tmp_path / "stages" / "ensemble.pt")["method"]  # type: ignore[index]
    last = method.state_dict()
    for name in (name for name, _ in method.named_parameters()):
        own = name.startswith("ensemble")
        assert torch.equal(first[name], before[name]) != own, name
        assert torch.equal(last[name], first[name]) == own, name
    heads = [name for name, _ in method.ensemble[0].named_parameters()]
    assert not all(torch.equal(first[f"ensemble.0.{name}"], first[f"ensemble.1.{name}"]) for name in heads)


def test_each_network_of_the_ensemble_learns_from_its_own_batch(make: Make, random_batch: Callable[..., Batch]) -> None:
    method = make(models=3)
    batches = {f"model{i}": random_batch(3, (2, 16, 16), seed=i) for i in range(3)}
    losses = method.ensemble_step(batches, 0.0)
    for i, (name, batch) in enumerate(batches.items()):
        torch.testing.assert_close(losses[name], method.loss(method.ensemble[i](batch.image), batch))
        batch.label = (batch.label + 1) % 3
        changed = method.ensemble_step(batches, 0.0)
        assert [each for each in losses if not torch.equal(losses[each], changed[each])] == [name]
        losses = changed


def test_identical_initialisation_is_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="identically"):
        make(seed=1)


def test_the_last_network_must_not_begin_as_one_of_the_ensemble(make_network: Callable[..., Any]) -> None:
    plugin = Registries().methods.get("label-update")
    method = plugin.load()(plugin.validate({"models": 2}), Task("task", ("a",), ndim=2), 2)
    with pytest.raises(ValueError, match="networks 0 and 2 are initialised identically"):
        method.setup(Builder(lambda: make_network("unet"), lambda i: i % 2))


@pytest.mark.parametrize("vote", ["soft", "hard"])
def test_new_labels_are_the_vote_of_the_ensemble(vote: str, make: Make, tmp_path: Path) -> None:
    method, view = make(models=3, vote=vote, learning_rate=0.3), make_view(WORLD)
    train(method, view, context_in(str(tmp_path), WORLD, patch=(48, 32), augmentation="none"))
    labels = checkpoint.load(tmp_path / "stages" / "update.pt")["labels"]  # type: ignore[index]
    # a constant label would prove nothing
    case = next(case for case in view.cases if labels[case.id].unique().numel() > 1)
    height, width = case.label.shape
    padded = torch.full((1, 1, 48, 32), float(case.image.min()))
    top, left = (48 - height) // 2, (32 - width) // 2
    padded[0, 0, top : top + height, left : left + width] = torch.from_numpy(case.image[0])
    method.load_state_dict(checkpoint.load(tmp_path / "stages" / "ensemble.pt")["method"])  # type: ignore[index]
    votes = []
    for network in method.eval().ensemble:
        with torch.no_grad():
            found = network(padded).softmax(1)[0, :, top : top + height, left : left + width]
        votes.append(found if vote == "soft" else one_hot(found.argmax(0), 3).movedim(-1, 0) + 1e-3 * found)
    expected = torch.stack(votes).sum(0).argmax(0)
    assert len(labels) == len(view)
    assert (labels[case.id].long() == expected).float().mean() > 0.99


@pytest.mark.parametrize(
    ("vote", "shares", "winner"),
    [
        ("soft", (0.6, 0.6, 0.01), 0),
        ("hard", (0.6, 0.6, 0.01), 1),
        # one vote for each: the surer one decides
        ("hard", (0.9, 0.4), 1),
        ("hard", (0.6, 0.1), 0),
    ],
)
def test_a_vote_counts_probabilities_or_networks(vote: str, shares: tuple[float, ...], winner: int, make: Make) -> None:
    method = make(models=len(shares), vote=vote)
    for i, share in enumerate(shares):
        logits = torch.tensor([1 - share, share, 1e-9]).log().view(1, 3, 1, 1)
        method.ensemble[i] = FixedLogits(logits)
    assert method.predict(torch.zeros(1, 1, 1, 1)).argmax(1).item() == winner


def test_the_last_network_alone_is_tested(make: Make, tmp_path: Path) -> None:
    method, view = make(models=2), make_view(WORLD)
    train(method, view, context_in(str(tmp_path), WORLD, patch=(48, 32), augmentation="none"))
    image = torch.randn(1, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(method.eval().predict(image), method.network(image).softmax(1))


@pytest.mark.parametrize("name", ["ce", "dice"])
def test_the_loss_is_that_of_the_name(
    name: str, make: Make, make_method: Make, random_batch: Callable[..., Batch]
) -> None:
    batch = random_batch(3, (2, 4, 4), ignored=0.3)
    logits = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(make(loss=name).loss(logits, batch), make_method(name, 3).loss(logits, batch))
