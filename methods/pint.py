"""PINT: pixel-wise and image-level noise tolerant learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from ..benchmark.plugin import Batch, Builder, Train, TrainingView, param
from ._noise_tolerant import NoiseTolerant, nothing_valid
from .losses._voxelwise import masked_mean

PIXEL_WISE, IMAGE_WISE = "pixel-wise", "image-wise"


class Phase(NoiseTolerant):
    """Either phase: a batch in which nothing is valid moves neither the student nor its teacher."""

    def setup(self, build: Builder) -> None:
        super().setup(build)
        self.learned = False

    def learns(self, batch: Batch) -> bool:
        """Whether there is a voxel to learn from; remembered for the teacher's turn."""
        self.learned = not nothing_valid(batch)
        return self.learned

    def after_update(self, progress: float) -> None:
        if self.learned:
            super().after_update(progress)


class PNT(Phase):
    """Pixel-wise noise tolerant learning: every voxel is weighed by its own uncertainty (Eq. 1-3)."""

    name = "pnt"

    def stages(self, view: TrainingView) -> Sequence[Train]:
        return (Train(PIXEL_WISE, on=view.labeled, step="pixel_step"),)

    def pixel_step(self, batch: Batch, progress: float) -> Tensor | None:
        """Eq. 3, over the valid voxels."""
        if not self.learns(batch):
            return None
        labeled, pseudo, uncertainty = self.terms(batch)
        alpha = self.alpha(uncertainty)
        self.log_trust(alpha)
        return masked_mean(alpha * labeled + (1 - alpha) * pseudo, batch.valid)


class INT(Phase):
    """Image-wise noise tolerant learning: an image's voxels share the weight of its mean uncertainty (Eq. 4-5).

    An image is a slice of a volume (Section 2.2), or the 2-D image itself. Its uncertainty is mostly that of
    background: once the teacher is sure of that, alpha is close to 1 and the method close to `ce`.
    """

    name = "int"

    class Params(Phase.Params):
        granularity: Literal["slice", "patch"] = param(
            "slice", source="PINT, Section 2.2", help="what shares a weight in 3-D: a slice or the whole patch"
        )
        slice_axis: Literal[0, 1, 2] = param(2, source="unstated", help="spatial axis across which 3-D patches are cut")

    def stages(self, view: TrainingView) -> Sequence[Train]:
        return (Train(IMAGE_WISE, on=view.labeled, step="image_step"),)

    def image_step(self, batch: Batch, progress: float) -> Tensor | None:
        """Eq. 5, over the images that have a valid voxel."""
        if not self.learns(batch):
            return None
        labeled, pseudo, uncertainty = (self.image_means(values, batch.valid) for values in self.terms(batch))
        alpha = self.alpha(uncertainty)
        self.log_trust(alpha.expand_as(batch.label))
        counted = (batch.valid.amax(self.within_image(), keepdim=True) > 0).float()
        return masked_mean(alpha * labeled + (1 - alpha) * pseudo, counted)

    def image_means(self, values: Tensor, valid: Tensor) -> Tensor:
        """Mean over the valid voxels of each image, 0 where there is none; `[B, 1 or slices, ...]`."""
        axes = self.within_image()
        return (values * valid).sum(axes, keepdim=True) / valid.sum(axes, keepdim=True).clamp(min=1)

    def within_image(self) -> tuple[int, ...]:
        """Axes of `[B, *spatial]` that run within one image."""
        sliced = self.ndim == 3 and self.params.granularity == "slice"
        return tuple(axis + 1 for axis in range(self.ndim) if not (sliced and axis == self.params.slice_axis))


class PINT(PNT, INT):
    """Pixel-wise, then image-wise noise tolerant learning: `pnt`, then `int` from where it ended.

    Phase 2 starts from phase 1's weights and at the initial learning rate (Section 3.1). Not stated: whether it starts
    from the student or the teacher, and whether the teacher starts anew.
    """

    name = "pint"

    class Params(INT.Params):
        pixel_share: float = param(
            0.75,
            gt=0,
            lt=1,
            low=0.25,
            high=0.9,
            source="PINT, Section 3.1: 6000 of 8000 updates",
            help="phase 1's share",
        )
        continue_from: Literal["student", "teacher"] = param("student", source="unstated", help="start of phase 2")
        reset_teacher: bool = param(
            False, source="unstated", help="let phase 2's teacher start as a copy of its student"
        )

    def stages(self, view: TrainingView) -> Sequence[Train]:
        share = self.params.pixel_share
        return (
            Train(PIXEL_WISE, on=view.labeled, step="pixel_step", share=share),
            Train(IMAGE_WISE, on=view.labeled, step="image_step", share=1 - share),
        )

    def begin_stage(self, stage: Train) -> None:
        if stage.name != IMAGE_WISE:
            return
        if self.params.continue_from == "teacher":
            self.student.load_state_dict(self.teacher.network.state_dict())
        if self.params.reset_teacher:
            self.updates = 0
            self.teacher.update(self.student, 0.0)
