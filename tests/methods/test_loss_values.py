"""Every loss against a plain formula in numpy, and the limits in which one loss becomes another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, LossMethod

Batches = Callable[..., Batch]
Methods = Callable[..., LossMethod]
EPS = 1e-5


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def voxelwise(p: np.ndarray, label: np.ndarray, valid: np.ndarray, of_p: Callable[[np.ndarray], np.ndarray]) -> float:
    p_y = np.take_along_axis(p, label[:, None], 1)[:, 0]
    return float(of_p(p_y)[valid].mean())


def overlap(
    p: np.ndarray,
    label: np.ndarray,
    valid: np.ndarray,
    of_pg: Callable[[np.ndarray, np.ndarray], float],
    pool: str = "batch",
    first: int = 1,
) -> float:
    groups = [slice(None)] if pool == "batch" else [slice(i, i + 1) for i in range(len(p))]
    found = []
    for images in groups:
        for c in range(first, p.shape[1]):
            keep = valid[images]
            found.append(of_pg(p[images, c][keep], (label[images] == c)[keep].astype(float)))
    return float(np.mean(found))


def dice(p: np.ndarray, g: np.ndarray) -> float:
    return float(((p - g) ** 2).sum() / ((p**2).sum() + (g**2).sum() + EPS))


def sorensen(p: np.ndarray, g: np.ndarray) -> float:
    return float(1 - (2 * (p * g).sum() + EPS) / (p.sum() + g.sum() + EPS))


def nr_dice(p: np.ndarray, g: np.ndarray) -> float:
    return float((np.abs(p - g) ** 1.5).sum() / ((p**2).sum() + (g**2).sum() + EPS))


def nr_dice_linear(p: np.ndarray, g: np.ndarray) -> float:
    return float((np.abs(p - g) ** 1.5).sum() / (p.sum() + g.sum() + EPS))


def ce(p_y: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log(p_y))


def mae(p_y: np.ndarray) -> np.ndarray:
    return np.asarray(1 - p_y)


VOXELWISE = {
    ("ce", ()): ce,
    ("focal-ce", ()): lambda p: -((1 - p) ** 2) * np.log(p),
    ("focal-ce", (("gamma", 0.5),)): lambda p: -((1 - p) ** 0.5) * np.log(p),
    ("mae", ()): mae,
    ("gce", ()): lambda p: (1 - p**0.7) / 0.7,
}
OVERLAP = {
    ("dice", ()): dice,
    ("sorensen-dice", ()): sorensen,
    ("focal-dice", ()): lambda p, g: 1 - (1 - dice(p, g)) ** 2,
    ("nr-dice", ()): nr_dice,
    ("nr-dice", (("denominator", "linear"),)): nr_dice_linear,
}
SUMS = {"ce-dice": ce, "mae-dice": mae}
SHAPES = [(2, 5, 4), (2, 4, 3, 2)]


def case(batch: Batch, seed: int = 1) -> tuple[torch.Tensor, np.ndarray, np.ndarray, np.ndarray]:
    draw = torch.Generator().manual_seed(seed)
    shape = (len(batch.label), batch.num_classes, *batch.label.shape[1:])
    logits = 2 * torch.randn(shape, generator=draw)
    valid = batch.valid.numpy().astype(bool)
    return logits, softmax(logits.double().numpy()), batch.label.numpy(), valid


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("key", VOXELWISE)
def test_voxelwise_losses(
    key: Any, shape: tuple[int, ...], classes: int, make_method: Methods, random_batch: Batches
) -> None:
    batch = random_batch(classes, shape, ignored=0.3)
    logits, p, label, valid = case(batch)
    method = make_method(key[0], classes, len(shape) - 1, **dict(key[1]))
    assert method.loss(logits, batch).item() == pytest.approx(voxelwise(p, label, valid, VOXELWISE[key]), rel=1e-5)


@pytest.mark.parametrize("pool", ["batch", "image"])
@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("key", OVERLAP)
def test_overlap_losses(
    key: Any,
    shape: tuple[int, ...],
    classes: int,
    background: bool,
    pool: str,
    make_method: Methods,
    random_batch: Batches,
) -> None:
    batch = random_batch(classes, shape, ignored=0.3)
    logits, p, label, valid = case(batch)
    method = make_method(key[0], classes, len(shape) - 1, pool=pool, background=background, **dict(key[1]))
    expected = overlap(p, label, valid, OVERLAP[key], pool, 0 if background else 1)
    assert method.loss(logits, batch).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", SUMS)
def test_sums(name: str, classes: int, make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(classes, ignored=0.3)
    logits, p, label, valid = case(batch)
    parts = voxelwise(p, label, valid, SUMS[name]), overlap(p, label, valid, dice)
    assert make_method(name, classes).loss(logits, batch).item() == pytest.approx(sum(parts), rel=1e-5)
    weighted = make_method(name, classes, dice_weight=3.0).loss(logits, batch).item()
    assert weighted == pytest.approx(parts[0] + 3 * parts[1], rel=1e-5)


def test_ce_is_torchs_cross_entropy_with_ignored_labels(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(3, ignored=0.4)
    logits, *_ = case(batch)
    assert batch.ignore is not None
    torchs = cross_entropy(logits, batch.label.masked_fill(batch.ignore, -100), ignore_index=-100)
    torch.testing.assert_close(make_method("ce", 3).loss(logits, batch), torchs)


def test_mae_is_half_of_ghoshs_class_sum(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch(4)
    logits, p, label, _ = case(batch)
    ghosh = np.abs(p - np.moveaxis(np.eye(4)[label], -1, 1)).sum(1).mean()
    assert 2 * make_method("mae", 4).loss(logits, batch).item() == pytest.approx(ghosh, rel=1e-5)


def test_mae_is_symmetric(make_method: Methods, make_batch: Batches) -> None:
    """Summed over all labels it is a constant: the condition of Ghosh et al. for noise tolerance."""
    logits = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    method = make_method("mae", 4)
    sums = sum(method.loss(logits, make_batch(torch.full((2, 3, 3), k), classes=4)).item() for k in range(4))
    assert sums == pytest.approx(3, rel=1e-5)


LIMITS: list[tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]], float]] = [
    (("gce", {"q": 1e-4}), ("ce", {}), 1e-3),
    (("gce", {"q": 1.0}), ("mae", {}), 1e-6),
    (("focal-ce", {"gamma": 0.0}), ("ce", {}), 1e-6),
    (("focal-dice", {"beta": 1.0}), ("dice", {}), 1e-6),
    (("nr-dice", {"gamma": 2.0}), ("dice", {}), 1e-6),
    (("nr-dice", {"gamma": 1.0, "denominator": "linear"}), ("sorensen-dice", {}), 1e-6),
    (("ce-dice", {"dice_weight": 0.0}), ("ce", {}), 1e-6),
    (("mae-dice", {"dice_weight": 0.0}), ("mae", {}), 1e-6),
]


@pytest.mark.parametrize(("one", "other", "tolerance"), LIMITS)
@pytest.mark.parametrize("classes", [2, 4])
def test_limits(
    one: tuple[str, dict[str, Any]],
    other: tuple[str, dict[str, Any]],
    tolerance: float,
    classes: int,
    make_method: Methods,
    random_batch: Batches,
) -> None:
    batch = random_batch(classes, ignored=0.2)
    logits, *_ = case(batch)
    found = make_method(one[0], classes, **one[1]).loss(logits, batch).item()
    assert found == pytest.approx(make_method(other[0], classes, **other[1]).loss(logits, batch).item(), rel=tolerance)


def test_linear_nr_dice_with_gamma_2_is_not_dice(make_method: Methods, random_batch: Batches) -> None:
    batch = random_batch()
    logits, *_ = case(batch)
    linear = make_method("nr-dice", gamma=2.0, denominator="linear").loss(logits, batch).item()
    assert abs(linear - make_method("dice").loss(logits, batch).item()) > 0.01


def test_paper_denominator_rewards_false_positives_where_there_is_no_foreground(
    make_method: Methods, make_batch: Batches
) -> None:
    """The docstring's warning: with Eq. 3 and gamma < 2 the gradient points the wrong way."""
    batch = make_batch(torch.zeros(1, 8, 8, dtype=torch.long))
    slopes = {}
    for denominator in ("squared", "linear"):
        logits = torch.zeros(1, 2, 8, 8, requires_grad=True)
        loss = make_method("nr-dice", denominator=denominator).loss(logits, batch)
        slopes[denominator] = torch.autograd.grad(loss, logits)[0][:, 1].sum().item()
    assert slopes["squared"] < 0 < slopes["linear"]
