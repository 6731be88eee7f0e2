"""Draws batches of augmented patches from cases that live on the training device."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..plugin.batch import Batch
from ..plugin.view import TrainingView
from .augment import Augmentation
from .resident import ResidentCase, make_resident, padded, tensor_of


@dataclass(frozen=True)
class Sampling:
    """How patches are drawn; see `Budget` for the fields' meaning.

    `slice_axis` is the axis that a 2-D network's slices are taken along; None for no slicing.
    """

    patch: tuple[int, ...]
    batch_size: int
    foreground: float
    augmentation: str
    flips: tuple[int, ...]
    slice_axis: int | None
    num_classes: int


@dataclass(frozen=True)
class Cut:
    """Where one patch was cut: index of the case, slices of its spatial axes."""

    case: int
    where: tuple[slice | int, ...]


class PatchSampler:
    """An endless stream of batches; its state is part of a checkpoint.

    Cases are drawn without replacement until all were seen, then shuffled again.

    Parameters
    ----------
    view
        The cases to draw from; must not be empty.
    rng
        The only source of randomness.
    """

    def __init__(self, view: TrainingView, how: Sampling, device: torch.device, rng: np.random.Generator) -> None:
        self.view = view
        self.how = how
        self.device = device
        self.rng = rng
        self.order: list[int] = []
        self.cases = make_resident(view, self._window(), device, rng)
        self.labeled = torch.tensor([case.labeled for case in view.cases], device=device)
        self.trusted = torch.tensor([case.trusted for case in view.cases], device=device)
        self.cuts: list[Cut] = []
        self.augmentation: Augmentation | None = None

    def _window(self) -> tuple[int, ...]:
        if self.how.slice_axis is None:
            return self.how.patch
        window = list(self.how.patch)
        window.insert(self.how.slice_axis, 1)
        return tuple(window)

    def next(self) -> Batch:
        """The next batch."""
        self.cuts = [self._draw_cut() for _ in range(self.how.batch_size)]
        self.augmentation = self._draw_augmentation()
        image = torch.stack([self.cases[cut.case].image[(slice(None), *cut.where)] for cut in self.cuts])
        label = torch.stack([self.cases[cut.case].label[cut.where] for cut in self.cuts])
        ignore = self._cut_ignore()
        if self.augmentation is not None:
            image, label = self.augmentation.on_image(image), self.augmentation.on_mask(label, outside=0)
        index = torch.tensor([cut.case for cut in self.cuts], device=self.device)
        return Batch(
            image=image.contiguous(memory_format=_memory_format(image)),
            label=label.long(),
            ignore=ignore,
            case=index,
            labeled=self.labeled[index],
            trusted=self.trusted[index],
            num_classes=self.how.num_classes,
            slice_axis=self.how.slice_axis,
        )

    def cut_again(self, arrays: Mapping[str, np.ndarray]) -> Tensor:
        """The last batch's patches out of other label arrays of the same cases, augmented alike: `[B, *spatial]`."""
        patches = []
        for cut in self.cuts:
            resident, shape = self.cases[cut.case], self.cases[cut.case].label.shape
            source = tensor_of(np.asarray(arrays[self.view.cases[cut.case].id]))
            after = [n - s - b for n, s, b in zip(shape, source.shape, resident.margin)]
            patches.append(padded(source, resident.margin, after, 0)[cut.where])
        patch = torch.stack(patches).to(self.device)
        return self.augmentation.on_mask(patch, outside=0) if self.augmentation is not None else patch

    def state_dict(self) -> dict[str, Any]:
        """The state of the stream, JSON in a string so that checkpoints load with `weights_only`."""
        return {"rng": json.dumps(self.rng.bit_generator.state), "order": list(self.order)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where `state_dict` was taken."""
        self.rng.bit_generator.state = json.loads(state["rng"])
        self.order = list(state["order"])

    def _draw_cut(self) -> Cut:
        if not self.order:
            self.order = self.rng.permutation(len(self.cases)).tolist()
        index = self.order.pop()
        case = self.cases[index]
        corner = self._corner(case)
        where: list[slice | int] = [slice(c, c + p) for c, p in zip(corner, self._window())]
        if self.how.slice_axis is not None:
            where[self.how.slice_axis] = corner[self.how.slice_axis]
        return Cut(index, tuple(where))

    def _corner(self, case: ResidentCase) -> list[int]:
        room = [s - p for s, p in zip(case.label.shape, self._window())]
        if len(case.anchors) and self.rng.random() < self.how.foreground:
            anchor = case.anchors[self.rng.integers(len(case.anchors))]
            return [int(np.clip(a - p // 2, 0, r)) for a, p, r in zip(anchor, self._window(), room)]
        return [int(self.rng.integers(r + 1)) for r in room]

    def _draw_augmentation(self) -> Augmentation | None:
        if self.how.augmentation == "none":
            return None
        ndim = len(self.how.patch)
        return Augmentation.draw(self.rng, self.how.batch_size, self.how.augmentation, self._flips(), ndim)

    def _flips(self) -> tuple[int, ...]:
        axis = self.how.slice_axis
        if axis is None:
            return self.how.flips
        return tuple(f - (f > axis) for f in self.how.flips if f != axis)

    def _cut_ignore(self) -> Tensor | None:
        turned = self.augmentation is not None and self.augmentation.affine is not None
        if not turned and all(self.cases[cut.case].ignore is None for cut in self.cuts):
            return None
        masks = [self._ignore_patch(cut) for cut in self.cuts]
        mask = torch.stack(masks)
        return mask if self.augmentation is None else self.augmentation.on_mask(mask, outside=1)

    def _ignore_patch(self, cut: Cut) -> Tensor:
        ignore = self.cases[cut.case].ignore
        if ignore is not None:
            return ignore[cut.where]
        return torch.zeros(self.how.patch, dtype=torch.bool, device=self.device)


def _memory_format(image: Tensor) -> torch.memory_format:
    return torch.channels_last if image.ndim == 4 else torch.channels_last_3d


def sequence_of(views: TrainingView | Mapping[str, TrainingView]) -> Sequence[tuple[str, TrainingView]]:
    """A stage's views by name; a single one is named ``""``."""
    return [("", views)] if isinstance(views, TrainingView) else list(views.items())
