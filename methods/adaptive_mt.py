"""Adaptive self-ensembling: a mean teacher whose two networks heed each other's performance."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, param
from ._loss_history import LossHistory
from .mean_teacher import MeanTeacher


class AdaptiveTeacher(MeanTeacher):
    """Adaptive teacher: the moving average leaves out the updates at which the student's loss is large.

    Wang et al. (2020), Eq. 6: alpha is 1 where L_seg of the student reaches beta, the p-th percentile of its losses
    during the last K updates. The student learns from every batch, so that hard cases are not lost.

    - L_seg is that of the batch: one update has one alpha.
    - Not stated: whether the last K updates include the current one (`sees_current`; here not), and what happens
      before there are K: the percentile is that of the losses there are, from `warm_up` on.
    - `percentile: 100` is an infinite beta: `mean-teacher`.
    """

    name = "adaptive-teacher"
    citation = (
        "Wang, Liu, Li, Xu, Ruan, Zhu, Meng, Li, Huang & Zhang, 'A noise-robust framework for automatic segmentation "
        "of COVID-19 pneumonia lesions from CT images', IEEE Transactions on Medical Imaging 2020"
    )

    class Params(MeanTeacher.Params):
        percentile: float = param(
            90.0,
            gt=0,
            le=100,
            low=50.0,
            high=99.0,
            source="Wang et al. 2020, Section III-A: p",
            help="100: no threshold",
        )
        window: int = param(
            100, ge=1, low=20, high=500, scale="log", unit="updates", source="Wang et al. 2020, Eq. 6: K"
        )
        warm_up: int = param(
            10, ge=1, unit="updates", source="unstated", help="losses that must be known before there is a threshold"
        )
        sees_current: bool = param(False, source="unstated", help="count the loss that is judged in the percentile")

    def setup(self, build: Builder) -> None:
        super().setup(build)
        p = self.params
        self.history = LossHistory(p.window, p.percentile, p.warm_up, p.sees_current)

    def observe(self, loss: Tensor) -> None:
        # so written, a loss that is not a number passes on and is reported
        self.accepted = ~(loss >= self.history.threshold(loss[None]))
        self.log(teacher_moved=self.accepted.float())

    def follow(self, decay: float) -> None:
        """Eq. 4 with the alpha of Eq. 6."""
        self.teacher.update_where(self.accepted, self.network, decay)


class AdaptiveStudent(MeanTeacher):
    """Adaptive student: it heeds the teacher little where the teacher is no better than itself.

    Wang et al. (2020), Eq. 7: lambda is lambda' where T performs better than S on the given labels, a tenth of it
    elsewhere. The printed inequality, L_seg(T) > L_seg(S), says the opposite of its text; the text is followed
    (`inequality: printed` for the other). Both losses are those of the batch; `granularity: image` gives each image
    a lambda of its own. `suppression: 1` is `mean-teacher`.
    """

    name = "adaptive-student"
    citation = (
        "Wang, Liu, Li, Xu, Ruan, Zhu, Meng, Li, Huang & Zhang, 'A noise-robust framework for automatic segmentation "
        "of COVID-19 pneumonia lesions from CT images', IEEE Transactions on Medical Imaging 2020"
    )

    class Params(MeanTeacher.Params):
        suppression: float = param(
            0.1, ge=0, le=1, low=0.0, high=1.0, source="Wang et al. 2020, Eq. 7", help="lambda'' / lambda'"
        )
        inequality: Literal["text", "printed"] = param(
            "text", source="Wang et al. 2020, Eq. 7", help="lambda' where L_seg(T) < L_seg(S) (text) or > (printed)"
        )
        granularity: Literal["batch", "image"] = param(
            "batch", source="Wang et al. 2020, Eq. 7, unstated", help="what has a lambda of its own"
        )

    def consistency_weight(self, loss: Tensor, student: Tensor, teacher: Tensor, batch: Batch) -> Tensor:
        mine, theirs = self.compared(loss, student, teacher, batch)
        guided = theirs < mine if self.params.inequality == "text" else theirs > mine
        self.log(guided=guided.float().mean())
        weight: Tensor = torch.where(guided, 1.0, self.params.suppression) * self.params.consistency
        return weight.view(-1, *[1] * (batch.label.ndim - 1))

    def compared(self, loss: Tensor, student: Tensor, teacher: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """L_seg of the student and of the teacher, of the batch or `[B]`."""
        if self.params.granularity == "batch":
            return loss, self.loss(teacher, batch)
        return self.image_losses(student, batch), self.image_losses(teacher, batch)


class AdaptiveMT(AdaptiveTeacher, AdaptiveStudent):
    """Adaptive self-ensembling of COPLE-Net: adaptive teacher and adaptive student together.

    Wang et al. (2020), Eq. 4 to 7; Table III's last row has `loss: nr-dice`, the row before it `loss: dice`.
    `percentile: 100` with `suppression: 1` is `mean-teacher`.
    """

    name = "adaptive-mt"
    citation = (
        "Wang, Liu, Li, Xu, Ruan, Zhu, Meng, Li, Huang & Zhang, 'A noise-robust framework for automatic segmentation "
        "of COVID-19 pneumonia lesions from CT images', IEEE Transactions on Medical Imaging 2020"
    )

    class Params(AdaptiveTeacher.Params, AdaptiveStudent.Params):
        """Those of both."""
