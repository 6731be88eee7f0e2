"""Stages that cut their slices along an axis of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from nsbench.benchmark.errors import CellFailure
from nsbench.benchmark.plugin import Batch, LossMethod, Train, TrainingView
from nsbench.benchmark.testing.trial import train
from nsbench.benchmark.testing.world import Geometry, make_view
from nsbench.benchmark.training.context import TrainContext

VOLUMES = make_view(Geometry(ndim=3))


@pytest.fixture
def sliced(toy: type[LossMethod]) -> type[Any]:
    """Notes the axis and the shape of what each step gets: a stage along one axis, and one of two axes."""

    class Sliced(toy):  # type: ignore[misc, valid-type]
        def stages(self, view: TrainingView) -> Sequence[Train]:
            self.seen: list[tuple[int | None, tuple[int, ...]]] = []
            both = {"front": view.labeled, "side": view.labeled}
            return (
                Train("usual", on=view.labeled),
                Train("one", on=view.labeled, slice_axis=0),
                Train("several", on=both, step="both", slice_axis={"front": 1}),
            )

        def step(self, batch: Batch, progress: float) -> Tensor:
            self.seen.append((batch.slice_axis, tuple(batch.image.shape[2:])))
            loss: Tensor = super().step(batch, progress)
            return loss

        def both(self, batches: dict[str, Batch], progress: float) -> Tensor:
            return torch.stack([self.step(batch, progress) for batch in batches.values()]).sum()

    return Sliced


def in_slices(context: TrainContext, axis: int | None) -> TrainContext:
    context.sampling = replace(context.sampling, patch=(8, 4), slice_axis=axis)
    return context


def test_a_stage_or_a_view_of_it_is_cut_along_its_own_axis(
    make: Callable[..., Any], sliced: type[Any], context: Callable[..., TrainContext]
) -> None:
    method = make(sliced)
    train(method, VOLUMES, in_slices(context(patch=(8, 4)), 2))
    assert method.seen == [(axis, (8, 4)) for axis in (2, 2, 2, 0, 0, 0, 1, 2, 1, 2, 1, 2)]


def test_a_cell_without_slices_says_that_it_needs_them(
    make: Callable[..., Any], sliced: type[Any], context: Callable[..., TrainContext]
) -> None:
    with pytest.raises(CellFailure, match=r"stage one cuts slices.*view 2d"):
        train(make(sliced), make_view(Geometry()), context())
