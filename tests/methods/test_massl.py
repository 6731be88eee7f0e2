"""MASSL and MSSL: what is rebuilt, and where the reconstruction's gradient may not go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Batch, TrainingView
from nsbench.benchmark.testing.world import make_view, small_budget
from nsbench.benchmark.training.optim import build_optimisers
from nsbench.benchmark.training.sampler import PatchSampler
from nsbench.methods._batches import joined, leading
from nsbench.methods._reconstruction import reconstruction_error

from .scarce import VIEW, WORLD, built, trained

MakeBatch = Callable[..., Batch]


@pytest.fixture
def batch(random_batch: MakeBatch) -> Batch:
    return random_batch(3, (2, 32, 16))


def decoder(method: Any) -> Iterator[nn.Parameter]:
    """The parameters of the segmentation path behind the encoder."""
    return (p for part in method.decoder_parts for p in part.parameters(recurse=False))


def encoder(method: Any) -> list[nn.Parameter]:
    return [p for part in method.encoder_parts for p in part.parameters(recurse=False)]


@pytest.mark.parametrize("network", ["unet", "massl-unet", "vnet", "densevoxnet"])
def test_the_reconstruction_reaches_the_encoder_but_not_the_segmentations_decoder(network: str, batch: Batch) -> None:
    method = built("massl", network)
    every = {id(p) for p in method.network.parameters()}
    assert every == {id(p) for p in (*encoder(method), *decoder(method))}
    method.rebuilding_error(batch).backward()
    assert all(p.grad is None for p in decoder(method))
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder(method))
    assert all(p.grad is not None for p in method.reconstruction.parameters())


def test_no_gradient_flows_through_the_attention_map(batch: Batch) -> None:
    method = built("massl")
    method.rebuilding_error(batch).backward()
    found = [p.grad.clone() for p in encoder(method)]
    method.zero_grad()
    shares: list[Tensor] = []
    method.attention = lambda flow, feature: shares.append(type(method).attention(method, flow, feature)) or shares[-1]
    method.rebuilding_error(batch)
    assert not shares[0].requires_grad
    constant = shares[0].clone()
    method.attention = lambda flow, feature: constant
    method.rebuilding_error(batch).backward()
    for one, other in zip(found, encoder(method)):
        torch.testing.assert_close(one, other.grad)


def test_joint_training_keeps_the_reconstruction_out_of_the_decoder(batch: Batch) -> None:
    method = built("massl", strategy="joint", weight=0.0)
    method.joint_step({"labeled": batch, "images": batch}, 0.0).backward()
    assert all(p.grad is None or not p.grad.any() for p in decoder(method))
    assert any(p.grad.any() for p in method.reconstruction.parameters())


def test_the_attention_leaves_no_trace_in_the_decoders_statistics(batch: Batch) -> None:
    method = built("massl").train()
    before = {name: value.clone() for name, value in method.network.named_buffers()}
    method.rebuilding_error(batch)
    after = dict(method.network.named_buffers())
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"encoder"}


def test_equation_1_by_hand() -> None:
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    share = torch.tensor([[[[1.0, 1.0], [0.5, 0.0]], [[0.0, 0.0], [0.5, 1.0]]]])
    rebuilt = torch.zeros(1, 2, 1, 2, 2)
    background = 2.5 / 4 * (1 + 4 + 2.25 + 0) / 4
    foreground = 1.5 / 4 * (0 + 0 + 2.25 + 16) / 4
    found = reconstruction_error(rebuilt, image, share, torch.ones(1, 2, 2))
    assert found.item() == pytest.approx(background + foreground)


def test_ignored_voxels_and_images_are_not_rebuilt() -> None:
    draw = torch.Generator().manual_seed(0)
    rebuilt, image = torch.randn(2, 2, 1, 4, 4, generator=draw), torch.randn(2, 1, 4, 4, generator=draw)
    share, valid = torch.rand(2, 2, 4, 4, generator=draw), torch.ones(2, 4, 4)
    valid[0, :2], valid[1] = 0, 0
    expected = reconstruction_error(rebuilt[:1, ..., 2:, :], image[:1, :, 2:], share[:1, :, 2:], valid[:1, 2:])
    torch.testing.assert_close(reconstruction_error(rebuilt, image, share, valid), expected)
    assert reconstruction_error(rebuilt, image, share, 0 * valid) == 0


def test_an_all_background_prediction_makes_it_mssl(batch: Batch) -> None:
    massl, mssl = built("massl").train(), built("mssl").train()
    head = massl.network.head
    head.weight.data.zero_()
    head.bias.data.copy_(torch.tensor([60.0, -60.0, -60.0]))
    mssl.network.load_state_dict(massl.network.state_dict())
    ours, theirs = massl.reconstruction.state_dict(), mssl.reconstruction.state_dict()
    mssl.reconstruction.load_state_dict({name: value[: len(theirs[name])] for name, value in ours.items()})
    errors = [method.rebuilding_error(batch) for method in (massl, mssl)]
    torch.testing.assert_close(*errors)
    assert errors[0] > 0
    for error in errors:
        error.backward()
    for one, other in zip(encoder(massl), encoder(mssl), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_updates_alternate_between_the_paths_and_draw_no_other_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, drawn, paths = built("massl"), [], []
    (stage,) = method.stages(VIEW)
    draw, step = PatchSampler.next, method.alternating_step

    def next_batch(sampler: PatchSampler) -> Batch:
        drawn.append("labeled" if len(sampler.view) == len(VIEW.labeled) else "images")
        return draw(sampler)

    def alternating_step(batches: Any, progress: float) -> Any:
        found = step(batches, progress)
        paths.extend(found)
        return found

    monkeypatch.setattr(PatchSampler, "next", next_batch)
    method.alternating_step = alternating_step
    trained(method, tmp_path, updates=4)
    assert paths == ["segmentation", "reconstruction"] * 2
    assert drawn == ["labeled", "images"] * 2
    optimisers = build_optimisers(method, stage, small_budget(WORLD, learning_rate=0.01))
    rates = {name: optimiser.param_groups[0]["lr"] for name, optimiser in optimisers.items()}
    assert rates == {"segmentation": 0.01, "reconstruction": pytest.approx(0.001)}


@pytest.mark.parametrize(("combination", "expected"), [("convex", 0.7 * 2 + 0.3 * 5), ("sum", 2 + 0.7 * 5)])
def test_both_readings_of_equation_2(combination: str, expected: float) -> None:
    method = built("mssl", strategy="joint", weight=0.7, combination=combination)
    assert method.combined(torch.tensor(2.0), torch.tensor(5.0)).item() == pytest.approx(expected)


def test_which_images_are_rebuilt() -> None:
    everything, none = VIEW.labeled + VIEW.unlabeled, make_view(WORLD, "scarce", labeled=8)
    assert dict(built("massl").stages(VIEW)[0].on)["images"] == everything
    assert dict(built("massl", reconstruct="unlabeled").stages(VIEW)[0].on)["images"] == VIEW.unlabeled
    assert dict(built("massl", strategy="joint").stages(VIEW)[0].on)["images"] == VIEW.unlabeled
    assert dict(built("massl").stages(none)[0].on)["images"] == none
    again = VIEW + TrainingView(tuple(replace(case, labeled=False) for case in VIEW.labeled.cases))
    assert sorted(dict(built("massl").stages(again)[0].on)["images"].ids) == sorted(VIEW.ids), "each once"


def test_a_joint_batch_is_mixed_as_told_and_the_labels_of_images_are_not_looked_at(random_batch: MakeBatch) -> None:
    method = built("massl", strategy="joint", labeled_fraction=0.25).eval()
    labeled, images = random_batch(3, (4, 32, 16)), random_batch(3, (4, 32, 16), seed=1)
    seen: list[int] = []
    loss = method.loss
    method.loss = lambda logits, batch: seen.append(len(batch.label)) or loss(logits, batch)
    first = method.joint_step({"labeled": labeled, "images": images}, 0.0)
    images.label = 0 * images.label
    assert seen == [1]
    torch.testing.assert_close(first, method.joint_step({"labeled": labeled, "images": images}, 0.0))


@pytest.mark.parametrize("reconstruct", ["all", "unlabeled"])
def test_of_a_joint_batch_all_images_are_rebuilt_or_the_unlabeled_ones(
    reconstruct: str, random_batch: MakeBatch
) -> None:
    method = built("massl", strategy="joint", weight=0.0, labeled_fraction=0.25, reconstruct=reconstruct).eval()
    labeled, images = random_batch(3, (4, 32, 16)), random_batch(3, (4, 32, 16))
    images.image = 2 * images.image
    unlabeled = leading(images, 3)
    rebuilt = unlabeled if reconstruct == "unlabeled" else joined(leading(labeled, 1), unlabeled)
    found = method.joint_step({"labeled": labeled, "images": images}, 0.0)
    torch.testing.assert_close(found, method.rebuilding_error(rebuilt))
