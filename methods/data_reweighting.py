"""Data re-weighting: samples with a large training loss are left out."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

import torch
from torch import Tensor

from ..benchmark.plugin import Batch, Builder, param
from ._loss_history import LossHistory
from ._segmentation_loss import SegmentationLoss


class DataReweighting(SegmentationLoss):
    """Data re-weighting: samples whose loss exceeds a percentile of the last updates' losses are ignored.

    Wang et al. (2020), Section III-E and Table IV. The paper names Shen & Sanghavi (2019) for the idea, who
    alternate between selecting and training anew, which this does not.

    - What a sample is, is open: an image of the batch (a slice, a 3-D patch), judged by its own loss among the
      images' losses of the last updates; `granularity: batch` judges and drops whole batches, as the paper's adaptive
      teacher does. When nothing is left no weight moves.
    - The Dice loss of an image without labeled foreground is 1 for any but an empty prediction and tells nothing of
      its label: such images are neither judged nor counted, see `spare_empty`.
    - The whole batch passes the network: ignored images still enter the statistics of batch normalisation.
    - All losses are remembered, those of ignored samples, too; otherwise the threshold would sink for ever.
    - Not stated: `warm_up` and `sees_current`, as in `adaptive-teacher`. `percentile: 100` ignores nothing.
    """

    name = "data-reweighting"
    citation = (
        "Wang, Liu, Li, Xu, Ruan, Zhu, Meng, Li, Huang & Zhang, 'A noise-robust framework for automatic segmentation "
        "of COVID-19 pneumonia lesions from CT images', IEEE Transactions on Medical Imaging 2020"
    )

    class Params(SegmentationLoss.Params):
        percentile: float = param(
            90.0,
            gt=0,
            le=100,
            low=50.0,
            high=99.0,
            source="Wang et al. 2020, Section III-E",
            help="100: ignore nothing",
        )
        window: int = param(
            100, ge=1, low=20, high=500, scale="log", unit="updates", source="Wang et al. 2020, Section III-E"
        )
        warm_up: int = param(
            10, ge=1, unit="updates", source="unstated", help="updates to be remembered before anything is ignored"
        )
        sees_current: bool = param(False, source="unstated", help="count the losses that are judged in the percentile")
        granularity: Literal["image", "batch"] = param(
            "image", source="Wang et al. 2020, Section III-E: samples", help="what is ignored"
        )
        spare_empty: bool = param(
            True, source="unstated", help="granularity image: never ignore an image without labeled foreground"
        )

    def setup(self, build: Builder) -> None:
        super().setup(build)
        p = self.params
        self.history = LossHistory(p.window, p.percentile, p.warm_up, p.sees_current)

    def step(self, batch: Batch, progress: float) -> Tensor | None:  # type: ignore[override]
        logits = self.network(batch.image)
        with torch.autocast(logits.device.type, enabled=False):
            kept = self.select(logits.detach().float(), batch)
            self.log_trust(kept.float())
            self.log(kept=kept.float().mean())
            # the one wait for the device: whether anything is left decides if there is an update
            chosen = kept.nonzero().squeeze(1)
            return self.loss(logits[chosen].float(), images_of(batch, chosen)) if len(chosen) else None

    def select(self, logits: Tensor, batch: Batch) -> Tensor:
        """Which images are learned from, bool `[B]`; none without a valid voxel."""
        usable = batch.valid.flatten(1).any(1)
        losses, judged = self.judged(logits, batch, usable)
        beta = self.history.threshold(losses.masked_fill(~judged, float("nan")))
        return usable & ~(judged & (losses > beta))

    def judged(self, logits: Tensor, batch: Batch, usable: Tensor) -> tuple[Tensor, Tensor]:
        """Losses of the samples and whether each is judged: `[B]`, or `[1]` for whole batches."""
        if self.params.granularity == "batch":
            return self.loss(logits, batch)[None], usable.any()[None]
        if not self.params.spare_empty:
            return self.image_losses(logits, batch), usable
        foreground = (batch.label > 0) & batch.valid.bool()
        return self.image_losses(logits, batch), foreground.flatten(1).any(1)


def images_of(batch: Batch, chosen: Tensor) -> Batch:
    """The batch of the chosen images only, int64 `[n]`."""
    chosen_values: dict[str, Any] = {}
    for field in fields(batch):
        value = getattr(batch, field.name)
        chosen_values[field.name] = value[chosen] if isinstance(value, Tensor) else value
    return Batch(**chosen_values)
