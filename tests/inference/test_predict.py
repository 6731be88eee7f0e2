"""Whole cases from windows and slices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nsbench.benchmark.budget import Budget, resolve_budget
from nsbench.benchmark.inference.predict import SLICES_AT_ONCE, predict_label, predict_probabilities

CPU = torch.device("cpu")
Convolving = Callable[..., Any]


def budget(patch: tuple[int, ...], **fields: Any) -> Budget:
    return resolve_budget("smoke", len(patch), {"patch": patch, "precision": "fp32"} | fields)


def image_of(*shape: int) -> torch.Tensor:
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
@pytest.mark.parametrize(
    ("shape", "patch"),
    [
        ((37, 50), (16, 16)),
        ((16, 16), (16, 16)),
        ((9, 40), (16, 16)),
        ((5, 6), (16, 32)),
        ((20, 17, 11), (8, 8, 8)),
        ((20, 5, 11), (8, 8, 16)),
    ],
)
def test_windows_of_a_pointwise_network_give_its_prediction_of_the_whole(
    convolving: Convolving, shape: tuple[int, ...], patch: tuple[int, ...], overlap: float
) -> None:
    method, image = convolving(len(shape)), image_of(*shape)
    found = predict_probabilities(method, image, budget(patch, overlap=overlap), None, CPU)
    assert {window[2:] for window in method.shapes} == {patch}
    with torch.no_grad():
        torch.testing.assert_close(found, method.predict(image[None])[0])


def test_blended_windows_stay_probabilities(convolving: Convolving) -> None:
    found = predict_probabilities(convolving(2, kernel=5), image_of(45, 31), budget((16, 16)), None, CPU)
    torch.testing.assert_close(found.sum(0), torch.ones(45, 31))
    assert found.min() >= 0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_predicted_one_by_one_and_stacked_in_order(convolving: Convolving, axis: int) -> None:
    shape = [12, 10, 14]
    shape[axis] = SLICES_AT_ONCE + 3
    # what lies beyond a slice is padded with the least value of the whole image: here, of every slice too
    method, image = convolving(2, kernel=3), image_of(*shape).clamp(min=-0.5)
    found = predict_probabilities(method, image, budget((16, 16)), axis, CPU)
    assert found.shape == (3, *shape)
    for i in (0, 1, SLICES_AT_ONCE - 1, SLICES_AT_ONCE, SLICES_AT_ONCE + 2):
        alone = predict_probabilities(method, image.select(axis + 1, i), budget((16, 16)), None, CPU)
        torch.testing.assert_close(found.select(axis + 1, i), alone)


def test_slices_of_a_pointwise_network_are_the_volume(convolving: Convolving) -> None:
    flat, deep, image = convolving(2), convolving(3), image_of(9, 20, 7)
    deep.layer.weight.data = flat.layer.weight.data[..., None]
    deep.layer.bias.data = flat.layer.bias.data
    whole = predict_probabilities(deep, image, budget((8, 8, 8)), None, CPU)
    for axis in range(3):
        torch.testing.assert_close(predict_probabilities(flat, image, budget((8, 8)), axis, CPU), whole)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_label_is_the_most_probable_class(convolving: Convolving, precision: str) -> None:
    method, image, how = convolving(2), image_of(20, 30), budget((16, 16), precision=precision)
    found = predict_probabilities(method, image, how, None, CPU)
    label = predict_label(method, image, how, None, CPU)
    assert (found.dtype, label.dtype) == (torch.float32, torch.uint8)
    assert torch.equal(label.long(), found.argmax(0))
    assert set(label.unique().tolist()) == {0, 1, 2}
