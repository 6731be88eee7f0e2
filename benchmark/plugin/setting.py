"""What a method is to be used on, as far as it is known before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .case import Task


@dataclass(frozen=True)
class Setting:
    """What the parameters of a method have to fit: see `misfit` of its `Params`.

    Attributes
    ----------
    task
        What is to be segmented.
    ndim
        Spatial axes of the network's input: 2 for images and for slices of volumes.
    labeled, unlabeled
        Numbers of training cases that a `scarce` method sees with and without label.
    knows
        What the method of a given name may know (`blind`, `trusted` or `scarce`).
    has_one_loss
        Whether the method of a given name is one network that learns by one loss: a `LossMethod` that keeps its `step`
        and `stages`.
    """

    task: Task
    ndim: Literal[2, 3]
    labeled: int
    unlabeled: int
    knows: Callable[[str], str]
    has_one_loss: Callable[[str], bool]

    @property
    def sliced(self) -> bool:
        """Whether volumes are fed as slices."""
        return self.task.ndim > self.ndim
