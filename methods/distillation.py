"""Model, data and hierarchical distillation (Min et al. 2019, Eq. 8-10)."""

from __future__ import annotations

from typing import Literal

from ..benchmark.plugin import param
from ._distillation import Distillation


class ModelDistillation(Distillation):
    """Pseudo-labels by the vote of `models` base models, then `retrain` learns from the mix (Eq. 8)."""

    name = "model-distillation"

    class Params(Distillation.Params):
        models: int = param(3, ge=1, low=2, high=5, source="Min et al. 2019, Implementation: T", help="base models")


class DataDistillation(Distillation):
    """Pseudo-labels by one model's vote over turned and mirrored images, then `retrain` learns from the mix (Eq. 9).

    Four rotations and three flips make the paper's 12 transforms. Read as no flip, and one of either axis in the plane
    of rotation, they hold each mirrored orientation twice: `rotations-and-flips`. `square` has each of the eight once,
    a group: the labels of a turned image are then the turned labels. `flips` are the mirrorings that the task calls
    plausible (of slices: of those along the last axis); for organs that are always upright it may be better, with
    `augmentation: none`.
    """

    name = "data-distillation"

    class Params(Distillation.Params):
        transforms: Literal["rotations-and-flips", "square", "flips", "none"] = param(
            "rotations-and-flips", source="Min et al. 2019, Implementation: K = 12", help="of the images voted on"
        )


class HierarchicalDistillation(Distillation):
    """Pseudo-labels by the votes of `models` models, each over turned and mirrored images, then `retrain` (Eq. 10).

    With one model it is `data-distillation`, which explains `transforms`, without transforms `model-distillation`, with
    whose base models it shares the training.
    """

    name = "hierarchical-distillation"

    class Params(Distillation.Params):
        models: int = param(3, ge=1, low=2, high=5, source="Min et al. 2019, Implementation: T", help="base models")
        transforms: Literal["rotations-and-flips", "square", "flips", "none"] = param(
            "rotations-and-flips", source="Min et al. 2019, Implementation: K = 12", help="of the images voted on"
        )
