"""MASSL: segmentation and reconstruction learned together, by way of an attention that splits the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, Optimiser, Stage, Train, TrainingView, param
from ._autoencoder import decoded, encoded
from ._batches import leading, mixed
from ._noise_tolerant import nothing_valid
from ._reconstruction import WithReconstruction, undivided

SEGMENTATION, RECONSTRUCTION = "segmentation", "reconstruction"


class MSSL(WithReconstruction):
    """Segmentation of labeled and reconstruction of all images, with a common encoder.

    Chen et al. (2019), Section 2, without attention.

    - `strategy: alternating` (Eq. 3): updates take turns between a labeled batch and the segmentation path, and a
      batch of images and the reconstruction path, each path with an Adam of its own. Half of the updates are
      the segmentation's.
    - `strategy: joint` (Eq. 2): every batch is made of labeled and unlabeled images (`labeled_fraction`), and one Adam
      follows `weight` L_seg + (1 - `weight`) L_rec. "Controlled by lambda" might also mean L_seg + `weight` L_rec:
      `combination: sum`.
    - Section 2.1 reconstructs "both labeled and unlabeled images", Section 2.2 has batches of one kind of which
      the unlabeled are reconstructed: `reconstruct`.
    - The paper's optimisation is Adam at 0.01 and, for the reconstruction, 0.001, halved every 500 updates, batches of
      one image: `learning_rate`, `reconstruction_rate`, and the budget's `schedule: step`. Its `step_every` counts the
      updates of both paths, so that 1000 is 500 for each of `alternating`.
    - With `alternating` an image that is both labeled and seen without label (`unlabeled: all`) is one to rebuild.
    """

    name = "mssl"
    reconstruction_passes: ClassVar[float] = 1.0

    class Params(WithReconstruction.Params):
        strategy: Literal["alternating", "joint"] = param(
            "alternating", source="Chen et al. 2019, Section 2.2", help="Eq. 3, or Eq. 2"
        )
        weight: float = param(
            0.9, ge=0, le=1, low=0.5, high=0.95, source="Chen et al. 2019, Eq. 2: 0.7 or 0.9", help="lambda of `joint`"
        )
        combination: Literal["convex", "sum"] = param(
            "convex", source="Chen et al. 2019, Eq. 2", help="of `joint`: w L_seg + (1 - w) L_rec, or L_seg + w L_rec"
        )
        labeled_fraction: float = param(
            0.5, gt=0, lt=1, low=0.25, high=0.75, source="Chen et al. 2019, Section 2.2", help="of a batch of `joint`"
        )
        reconstruct: Literal["all", "unlabeled"] = param(
            "all", source="Chen et al. 2019, Section 2.1 (all), 2.2 (unlabeled)", help="images that are rebuilt"
        )

    def setup(self, build: Builder) -> None:
        super().setup(build)
        joint = self.params.strategy == "joint"
        self.passes = 1.5 if joint else (1 + self.reconstruction_passes) / 2

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        images = self.images_to_rebuild(view)
        if self.params.strategy == "joint":
            return (Train("train", {"labeled": view.labeled, "images": images}, step="joint_step"),)
        if self.params.reconstruct == "all" and len(view.unlabeled):
            images = view.labeled + view.unlabeled.pick(set(view.unlabeled.ids) - set(view.labeled.ids))
        optimisers = (
            Optimiser(SEGMENTATION, ("network",)),
            Optimiser(RECONSTRUCTION, ("network", "reconstruction"), factor=self.params.reconstruction_rate),
        )
        views = {"labeled": view.labeled, "images": images}
        return (Train("train", views, step="alternating_step", optimisers=optimisers, alternating=True),)

    def alternating_step(self, batches: Mapping[str, Batch], progress: float) -> dict[str, Tensor] | None:
        """Eq. 3: the loss of the path whose turn it is, the segmentation's first."""
        ((kind, batch),) = batches.items()
        if nothing_valid(batch):
            return None
        path = SEGMENTATION if kind == "labeled" else RECONSTRUCTION
        loss = self.step(batch, progress) if path == SEGMENTATION else self.rebuilding_error(batch)
        self.log(**{path: loss})
        return {path: loss}

    def joint_step(self, batches: Mapping[str, Batch], progress: float) -> Tensor | None:
        """Eq. 2."""
        batch, count = mixed(batches["labeled"], batches["images"], self.params.labeled_fraction)
        if nothing_valid(batch):
            return None
        flow, feature = encoded(self.network, batch.image, self.encoder_end)
        logits = decoded(flow, feature)
        with torch.autocast(logits.device.type, enabled=False):
            segmentation = self.loss(logits[:count].float(), leading(batch, count))
        share = logits.detach().float().softmax(1) if self.attends else undivided(batch.image)
        first = 0 if self.params.reconstruct == "all" else count
        reconstruction = self.error_of(feature[first:], batch.image[first:], share[first:], batch.valid[first:])
        self.log(segmentation=segmentation, reconstruction=reconstruction)
        return self.combined(segmentation, reconstruction)

    def combined(self, segmentation: Tensor, reconstruction: Tensor) -> Tensor:
        """The linear combination of Eq. 2."""
        weight: float = self.params.weight
        if self.params.combination == "sum":
            return segmentation + weight * reconstruction
        return weight * segmentation + (1 - weight) * reconstruction


class MASSL(MSSL):
    """As `mssl`, but foreground and background are rebuilt apart, as the segmentation's soft prediction parts them.

    Chen et al. (2019), Eq. 1: the part of each class is its probability times the image, and its error counts by the
    size of that part, so that a small foreground is not over-emphasised; for more classes the sum has more terms. The
    probabilities are constants: no gradient flows through them to either path. Where all is predicted to be background
    it is `mssl`.
    """

    name = "massl"
    attends = True
    reconstruction_passes = 1.17
