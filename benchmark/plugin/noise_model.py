"""Base class of noise models: a wrong label for a right one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    import numpy as np

from .params import NoiseParams

PREDICTION_METHOD = "ce"
"""How the model learns whose predictions a noise model `needs_prediction` for."""


@dataclass
class Corruption:
    """A corrupted label and what happened on the way.

    Attributes
    ----------
    label
        Same shape and dtype as the clean label, values within the task's classes.
    notes
        JSON-able facts for the record (`{"operation": "erode", "radius_voxels": 6, "vanished": []}`).
    """

    label: np.ndarray
    notes: dict[str, Any] = field(default_factory=dict)


class NoiseModel(ABC):
    """Deterministic in (case, seed): the harness hands in a generator seeded by both.

    The harness decides which cases are corrupted (nested in the ratio); the model corrupts one.
    """

    name: ClassVar[str]
    citation: ClassVar[str]
    severity_params: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that a severity multiplies; with all of them 0, labels stay clean."""
    uses_annotations: ClassVar[bool] = False
    """Whether `corrupt` takes the keyword `annotations`: the case's further labels by name, on the grid of `label`."""
    needs_prediction: ClassVar[bool] = False
    """Whether `corrupt` takes the keyword `prediction`: the label, uint8 `[*spatial]`, that a model gives the case.

    The model learns from clean training cases that are never corrupted, as `fraction`, `updates`, `network`, `width`
    and `learning_rate` of the parameters say. Label and image are then the prepared ones.
    """

    min_classes: ClassVar[int] = 1
    """Foreground classes that a task must have for the model to be of use."""

    Params: TypeAlias = NoiseParams

    def __init__(self, params: NoiseParams) -> None:
        self.params: Any = params

    @abstractmethod
    def corrupt(
        self,
        label: np.ndarray,
        spacing: tuple[float, ...],
        rng: np.random.Generator,
        image: np.ndarray,
    ) -> Corruption:
        """Corrupt one clean label.

        Parameters
        ----------
        label
            uint8 `[*spatial]`, 2-D or 3-D, 0 = background.
        spacing
            Millimetres per voxel, one per axis.
        rng
            The only source of randomness.
        image
            float32 `[C, *spatial]`, normalised.
        """
