"""Networks that break a contract each; they are named after it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from nsbench.benchmark.plugin import Network, NetworkParams
from nsbench.benchmark.plugin.network import Flow


class _Plain(Network):
    """Two convolutions, a helper."""

    citation = "Nobody, 'Nothing', 2020"
    feature_stages = ("hidden",)

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        convolution = nn.Conv2d if ndim == 2 else nn.Conv3d
        self.first = convolution(in_channels, self.params.width, 3, padding=1)
        self.last = convolution(self.params.width, num_classes, 1)

    def flow(self, image: Tensor) -> Flow:
        hidden = yield "hidden", self.first(image).relu()
        logits: Tensor = self.last(hidden)
        return logits


class Shrinking(_Plain):
    """Its logits are coarser than the image."""

    name = "logits-fit-every-geometry"

    def flow(self, image: Tensor) -> Flow:
        hidden = yield "hidden", self.first(image).relu()
        logits: Tensor = self.last(hidden)
        return logits[..., ::2]


class TwoFaced(_Plain):
    """Its forward pass is not its flow."""

    name = "forward-is-the-flow"

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(image).relu()


class Misnamed(_Plain):
    """It declares a stage that it does not stop at."""

    name = "flow-stops-at-the-declared-stages"
    feature_stages = ("hidden", "bottleneck")


class Stubborn(_Plain):
    """It goes on with its own feature whatever it is handed."""

    name = "replaced-features-count"

    def flow(self, image: Tensor) -> Flow:
        hidden = self.first(image).relu()
        yield "hidden", hidden
        logits: Tensor = self.last(hidden)
        return logits


class Spare(_Plain):
    """It has a layer that it does not use."""

    name = "gradients-reach-all-parameters"

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        self.spare = nn.Linear(2, 2)


class Unseeded(_Plain):
    """It draws its weights from numpy."""

    name = "initialisation-comes-from-the-seed"

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__(in_channels, num_classes, ndim, params)
        with torch.no_grad():
            self.first.weight.fill_(float(np.random.default_rng().random()))


class Counting(_Plain):
    """It counts its calls in a plain attribute."""

    name = "checkpoints-round-trip"
    calls = 0

    def flow(self, image: Tensor) -> Flow:
        self.calls += 1
        hidden = yield "hidden", self.first(image).relu() * self.calls
        logits: Tensor = self.last(hidden)
        return logits


class Sociable(_Plain):
    """It normalises over the batch in eval mode, too."""

    name = "logits-do-not-depend-on-the-batch"

    def flow(self, image: Tensor) -> Iterator[tuple[str, Tensor]]:
        hidden = yield "hidden", self.first(image - image.mean(0, keepdim=True)).relu()
        return self.last(hidden)
