"""A network per axis, and the vote over their predictions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nsbench.benchmark.budget import Budget, resolve_budget
from nsbench.benchmark.inference.predict import predict_label, predict_probabilities
from nsbench.benchmark.plugin import Method, MethodParams, Task

CPU = torch.device("cpu")


class PerAxis(Method):
    """A 1 x 1 convolution per axis."""

    name = "per-axis"
    slice_axes = (0, 1, 2)

    def __init__(self) -> None:
        super().__init__(MethodParams(), Task("toy", ("a", "b"), ("x",), 3), 2)  # type: ignore[arg-type]
        torch.manual_seed(0)
        self.networks = nn.ModuleList(nn.Conv2d(1, 3, 1) for _ in range(3))
        self.asked: set[int] = set()

    def predict_along(self, image: Tensor, axis: int) -> Tensor:
        self.asked.add(axis)
        found: Tensor = self.networks[axis](image).softmax(1)
        return found


@pytest.fixture
def budget() -> Budget:
    return resolve_budget("smoke", 2, {"patch": (16, 16), "precision": "fp32"})


def single(method: PerAxis, image: Tensor, axis: int) -> Tensor:
    with torch.no_grad():
        found: Tensor = method.networks[axis](image[:, None].movedim(0, 1).flatten(2)[..., None])[0]
    return found.softmax(0).view(3, *image.shape[1:])


def test_the_class_that_most_axes_predict_wins(budget: Budget) -> None:
    method, image = PerAxis().eval(), torch.randn(1, 9, 20, 7, generator=torch.Generator().manual_seed(1))
    found = predict_probabilities(method, image, budget, 2, CPU)
    votes = torch.stack([single(method, image, axis) for axis in range(3)])
    counted = torch.nn.functional.one_hot(votes.argmax(1), 3).sum(0).movedim(-1, 0)
    # the network of an axis differs from the others': the vote is no prediction of a single one
    assert any(not torch.equal(votes[axis].argmax(0), counted.argmax(0)) for axis in range(3))
    tied = counted.amax(0) == 1
    expected = torch.where(tied, votes.sum(0).argmax(0), counted.argmax(0))
    assert tied.any()
    assert not tied.all()
    assert torch.equal(found.argmax(0), expected)
    assert torch.equal(predict_label(method, image, budget, 0, CPU).long(), expected)
    torch.testing.assert_close(found.sum(0), torch.ones(9, 20, 7))
    assert method.asked == {0, 1, 2}
