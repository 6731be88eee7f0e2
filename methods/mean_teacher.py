"""Mean teacher: a student that agrees with the moving average of its own weights."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, param
from ._noise_tolerant import nothing_valid
from ._segmentation_loss import SegmentationLoss
from ._teacher import Teacher
from .losses._voxelwise import masked_mean


class MeanTeacher(SegmentationLoss):
    """Mean teacher on noisy labels: all labels, and agreement with the moving average of the weights.

    Wang et al. (2020), Eq. 4 and 5: L = L_seg(S(x + noise), y) + lambda L_c(S(x + noise), T(x + other noise)).
    L_c is the mean absolute error of the probabilities, over classes and valid voxels (for two classes: Eq. 2).

    - alpha is 0.99 "at the early", 0.999 "at the late stage", following Tarvainen & Valpola: there the late one
      begins with update 40000 of 180000, as the ramp of lambda ends; here both are fractions of training.
      Their code also averages evenly at first, `ramp_up`, which matters in short trainings.
    - Not stated: the noise (that of Yu et al., UA-MT, on images of unit variance; 0 for none), and which network is
      tested (the student, as in PyMIC; `predict_with: teacher` for the other).
    """

    name = "mean-teacher"
    citation = (
        "Tarvainen & Valpola, 'Mean teachers are better role models: Weight-averaged consistency targets improve "
        "semi-supervised deep learning results', NeurIPS 2017"
    )
    passes = 1.33

    class Params(SegmentationLoss.Params):
        decay: float = param(
            0.99,
            ge=0,
            lt=1,
            low=0.9,
            high=0.999,
            source="Wang et al. 2020, Eq. 4 and Section III-A",
            help="early alpha",
        )
        late_decay: float = param(
            0.999, ge=0, lt=1, low=0.99, high=0.9999, source="Wang et al. 2020, Section III-A", help="late alpha"
        )
        late_from: float = param(
            0.2,
            ge=0,
            le=1,
            source="Tarvainen & Valpola 2017: 40000 / 180000",
            help="progress at which `late_decay` begins",
        )
        ramp_up: bool = param(
            True, source="Tarvainen & Valpola 2017", help="decay 1 - 1 / t at update t until alpha is reached"
        )
        consistency: float = param(
            0.1, ge=0, low=0.01, high=10.0, scale="log", source="Wang et al. 2020, Eq. 5", help="lambda"
        )
        consistency_ramp: float = param(
            0.2,
            ge=0,
            le=1,
            source="Tarvainen & Valpola 2017: 40000 / 180000",
            help="fraction of training over which lambda grows as exp(-5 (1 - x)^2)",
        )
        distance: Literal["mae", "mse"] = param("mae", source="Wang et al. 2020, Eq. 5; mse: UA-MT", help="L_c")
        noise: float = param(
            0.1, ge=0, low=0.02, high=0.5, scale="log", source="unstated; UA-MT", help="its standard deviation"
        )
        noise_limit: float = param(0.2, gt=0, source="unstated; UA-MT", help="size at which the noise is clipped")
        predict_with: Literal["student", "teacher"] = param("student", source="unstated; PyMIC: student")

    def setup(self, build: Builder) -> None:
        super().setup(build)
        self.teacher = Teacher(self.network)
        self.updates = 0
        self.learned = False

    def step(self, batch: Batch, progress: float) -> Tensor | None:  # type: ignore[override]
        self.learned = not nothing_valid(batch)
        if not self.learned:
            return None
        student, teacher = self.network(self.noisy(batch.image)), self.teacher(self.noisy(batch.image))
        with torch.autocast(student.device.type, enabled=False):
            return self.objective(student.float(), teacher.float(), batch, progress)

    def noisy(self, image: Tensor) -> Tensor:
        """The image with Gaussian noise of its own."""
        limit = self.params.noise_limit
        perturbation: Tensor = (self.params.noise * torch.randn_like(image)).clamp_(-limit, limit)
        return image + perturbation

    def objective(self, student: Tensor, teacher: Tensor, batch: Batch, progress: float) -> Tensor:
        """Eq. 5, from the logits of both."""
        segmentation = self.loss(student, batch)
        self.observe(segmentation.detach())
        gap = student.softmax(1) - teacher.softmax(1)
        gap = (gap.abs() if self.params.distance == "mae" else gap.square()).mean(1)
        self.log(segmentation=segmentation, consistency=masked_mean(gap, batch.valid))
        weight = self.consistency_weight(segmentation.detach(), student.detach(), teacher, batch)
        return segmentation + self.ramped(progress) * masked_mean(weight * gap, batch.valid)

    def observe(self, loss: Tensor) -> None:
        """Told the student's segmentation loss of every update, a scalar; adaptive teachers look at it."""

    def consistency_weight(self, loss: Tensor, student: Tensor, teacher: Tensor, batch: Batch) -> Tensor | float:
        """lambda', or a lambda that adaptive students find: a number, or one per image `[B, 1, ...]`."""
        weight: float = self.params.consistency
        return weight

    def ramped(self, progress: float) -> float:
        """Factor on lambda, from exp(-5) to 1."""
        length = self.params.consistency_ramp
        return math.exp(-5 * (1 - progress / length) ** 2) if progress < length else 1.0

    def after_update(self, progress: float) -> None:
        if self.learned:
            self.updates += 1
            self.follow(self.alpha(progress))

    def alpha(self, progress: float) -> float:
        """alpha' at this point of training."""
        p = self.params
        decay: float = p.decay if progress < p.late_from else p.late_decay
        return min(1 - 1 / self.updates, decay) if p.ramp_up else decay

    def follow(self, decay: float) -> None:
        """Eq. 4."""
        self.teacher.update(self.network, decay)

    def get_extra_state(self) -> Tensor:
        # no buffer: reading one back from a GPU would stall every update
        return torch.tensor(self.updates)

    def set_extra_state(self, state: Tensor) -> None:
        self.updates = int(state)

    def predict(self, image: Tensor) -> Tensor:
        network = self.network if self.params.predict_with == "student" else self.teacher
        probabilities: Tensor = network(image).float().softmax(1)
        return probabilities
