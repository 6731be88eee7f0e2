"""The ground that pixel-wise and image-wise noise tolerant learning share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..benchmark.plugin import EMA, Batch, Builder, Method, param
from ._uncertainty import entropy, noisy_predictions
from .losses._voxelwise import masked_mean, voxel_cross_entropy


class NoiseTolerant(Method):
    """What both phases share: a student, its moving average as teacher, and the teacher's doubt as a weight.

    The less sure the teacher is, the more its mean prediction replaces the label: Eq. 1 to 5 of Shi & Wu (2021).

    - Eq. 1 writes an expectation where Shannon's entropy has a sum over classes: `entropy`.
    - alpha = exp(-u) "tends to zero" for large u, says the text, but is 1 / classes at the least, 0.5 for two
      classes. `entropy: normalised` lowers this to 0.37, and `steepness` further. Too steep, and a teacher that is
      unsure at first makes its student learn nothing but that doubt: so with 5 in a short run.
    - Eq. 2's squared norm is a sum over classes, as the cross entropy beside it is.
    - Not stated: the noise's strength (that of Yu et al., UA-MT), soft or hard pseudo labels, the teacher's ramp-up,
      and which of the two networks is tested (here the student, the paper's "main network").
    """

    citation = (
        "Shi & Wu, 'Distilling effective supervision for robust medical image segmentation with noisy labels', "
        "MICCAI 2021"
    )
    # with 4 copies; `setup` counts exactly
    passes = 2.33

    class Params(Method.Params):
        copies: int = param(4, ge=1, low=2, high=8, source="PINT, Section 3.1: M", help="noisy copies the teacher sees")
        noise: float = param(
            0.1, ge=0, low=0.02, high=0.5, scale="log", source="unstated; UA-MT", help="its standard deviation"
        )
        noise_limit: float = param(0.2, gt=0, source="unstated; UA-MT", help="size at which the noise is clipped")
        decay: float = param(0.99, ge=0, lt=1, low=0.9, high=0.999, source="PINT, Section 3.1: gamma")
        ramp_up: bool = param(
            True, source="Tarvainen & Valpola 2017", help="decay 1 - 1 / t at update t until `decay` is reached"
        )
        pseudo_label: Literal["soft", "hard"] = param("soft", source="PINT, Section 2.1: either")
        entropy: Literal["sum", "mean", "normalised"] = param("sum", source="PINT, Eq. 1", help="over the classes")
        steepness: float = param(
            1.0, ge=0, low=0.25, high=2.0, scale="log", source="PINT, Eq. 3: 1", help="k in alpha = exp(-k u); 0: ce"
        )
        predict_with: Literal["student", "teacher"] = param("student", source="unstated")

    def setup(self, build: Builder) -> None:
        self.student = build.network()
        self.teacher = EMA(self.student)
        self.updates = 0
        self.passes = 1 + self.params.copies / 3

    def terms(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Cross entropy with the label, squared error from the pseudo label, uncertainty; `[B, *spatial]` each."""
        p = self.params
        logits = self.student(batch.image).float()
        believed = noisy_predictions(self.teacher, batch.image, p.copies, p.noise, p.noise_limit)
        uncertainty = entropy(believed, p.entropy)
        self.log(uncertainty=masked_mean(uncertainty, batch.valid))
        target = believed if p.pseudo_label == "soft" else hardened(believed)
        return voxel_cross_entropy(logits, batch.label), (logits.softmax(1) - target).square().sum(1), uncertainty

    def alpha(self, uncertainty: Tensor) -> Tensor:
        """Weight of the label against the pseudo label, in (0, 1]."""
        return torch.exp(-self.params.steepness * uncertainty)

    def after_update(self, progress: float) -> None:
        self.updates += 1
        ramp = 1 - 1 / self.updates if self.params.ramp_up else 1.0
        self.teacher.update(self.student, min(ramp, self.params.decay))

    def get_extra_state(self) -> Tensor:
        # no buffer: reading one back from a GPU would stall every update
        return torch.tensor(self.updates)

    def set_extra_state(self, state: Tensor) -> None:
        self.updates = int(state)

    def predict(self, image: Tensor) -> Tensor:
        network = self.student if self.params.predict_with == "student" else self.teacher
        probabilities: Tensor = network(image).float().softmax(1)
        return probabilities


def hardened(probabilities: Tensor) -> Tensor:
    """One-hot form `[B, classes, *spatial]` of the most probable class."""
    return one_hot(probabilities.argmax(1), probabilities.shape[1]).movedim(-1, 1).float()


def nothing_valid(batch: Batch) -> bool:
    """Whether every voxel is ignored: a loss of 0 would still move Adam's weights."""
    return batch.ignore is not None and bool(batch.ignore.all())
