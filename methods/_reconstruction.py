"""A segmentation network whose encoder also serves an autoencoder (Chen et al. 2019)."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ..benchmark.plugin import Batch, Builder, Flow, Network, TrainingView, UserError, param
from ._autoencoder import (
    ReconstructionDecoder,
    buffers_kept,
    decoded,
    encoded,
    encoder_end,
    encoder_modules,
)
from ._segmentation_loss import SegmentationLoss


def reconstruction_error(rebuilt: Tensor, image: Tensor, share: Tensor, valid: Tensor) -> Tensor:
    """Eq. 1: the squared error of each class's part of the image, weighted by the size of that part.

    sum over classes of mean(p) * mean((r - p * x)^2), the means over an image's valid voxels and channels; then the
    mean over images. With a single class of p = 1 it is the squared error of the image itself (MSSL).

    Parameters
    ----------
    rebuilt
        r, float32 `[B, classes, C, *spatial]`.
    image
        x, float32 `[B, C, *spatial]`.
    share
        p, float32 `[B, classes, *spatial]`, without gradient.
    valid
        `[B, *spatial]`, 1 on the voxels that count.
    """
    count = valid.flatten(1).sum(1).clamp(min=1)
    wrong = (rebuilt - share.unsqueeze(2) * image.unsqueeze(1)).square().mean(2)
    error = (wrong * valid.unsqueeze(1)).flatten(2).sum(2) / count[:, None]
    weight = (share * valid.unsqueeze(1)).flatten(2).sum(2) / count[:, None]
    present = (valid.flatten(1).amax(1) > 0).float()
    return (error * weight).sum(1).mul(present).sum() / present.sum().clamp(min=1)


class WithReconstruction(SegmentationLoss):
    """A segmenter with a second decoder, without skip connections, that rebuilds the image.

    The encoder ends at the network's coarsest feature stage, or at `encoder_end`; the segmentation's decoder follows
    from there, and so does the second one. No gradient of the reconstruction reaches the first: it is not part of that
    path, and the predictions that attention multiplies the image with are taken without gradient.

    The paper's decoders end in a sigmoid, because its images are scaled to 0..1; where they are not (the usual case
    here) only a linear output can rebuild them.
    """

    citation = (
        "Chen, Bortsova, García-Uceda Juárez, van Tulder & de Bruijne, 'Multi-task attention-based semi-supervised "
        "learning for medical image segmentation', MICCAI 2019"
    )
    knows = "scarce"
    attends: ClassVar[bool] = False

    class Params(SegmentationLoss.Params):
        reconstruction_rate: float = param(
            0.1,
            gt=0,
            le=10,
            low=0.01,
            high=1.0,
            scale="log",
            source="Chen et al. 2019, Section 3: 0.001 against 0.01",
            help="learning rate of the reconstruction, as a multiple of that of the segmentation",
        )
        output: Literal["linear", "sigmoid"] = param(
            "linear", source="Chen et al. 2019, Section 3: sigmoid", help="end of the decoder; sigmoid: images in 0..1"
        )
        encoder_end: str | None = param(
            None, source="Chen et al. 2019, Fig. 1", help="feature stage; unset: the last of the coarsest ones"
        )

    def setup(self, build: Builder) -> None:
        super().setup(build)
        if not isinstance(self.network, Network):
            raise UserError(f"method {self.name} reaches into the network: give it one with feature stages")
        channels = len(self.task.channels)
        parts = self.task.num_classes if self.attends else 1
        self.encoder_end, feature, image = encoder_end(self.network, channels, self.params.encoder_end)
        self.reconstruction = build.module(partial(ReconstructionDecoder, feature, image, parts * channels))
        encoder = encoder_modules(self.network, channels, self.encoder_end)
        inside = set(map(id, encoder))
        self.encoder_parts = tuple(encoder)
        self.decoder_parts: tuple[nn.Module, ...] = tuple(m for m in self.network.modules() if id(m) not in inside)

    def images_to_rebuild(self, view: TrainingView) -> TrainingView:
        """The unlabeled cases; the labeled ones where there are no others."""
        return view.unlabeled if len(view.unlabeled) else view.labeled

    def rebuilding_error(self, batch: Batch) -> Tensor:
        """Scalar loss of the reconstruction of a batch's images, whose labels are not looked at."""
        flow, feature = encoded(self.network, batch.image, self.encoder_end)
        share = self.attention(flow, feature) if self.attends else undivided(batch.image)
        return self.error_of(feature, batch.image, share, batch.valid)

    def error_of(self, feature: Tensor, image: Tensor, share: Tensor, valid: Tensor) -> Tensor:
        """`reconstruction_error` of what the second decoder makes of the deepest feature."""
        rebuilt = self.reconstruction(feature).unflatten(1, (share.shape[1], -1))
        with torch.autocast(image.device.type, enabled=False):
            rebuilt = rebuilt.float()
            rebuilt = rebuilt.sigmoid() if self.params.output == "sigmoid" else rebuilt
            return reconstruction_error(rebuilt, image.float(), share, valid)

    @torch.no_grad()
    def attention(self, flow: Flow, feature: Tensor) -> Tensor:
        """The segmentation path's probabilities `[B, classes, *spatial]`; they leave no trace in its statistics."""
        with buffers_kept(self.decoder_parts):
            return decoded(flow, feature.detach()).float().softmax(1)


def undivided(image: Tensor) -> Tensor:
    """The share of a single class to which all of the image belongs, float32 `[B, 1, *spatial]`."""
    return torch.ones_like(image[:, :1], dtype=torch.float32)
