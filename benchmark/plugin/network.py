"""Base class of networks."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar, TypeAlias

from torch import Tensor, nn

from .params import NetworkParams

Flow = Generator[tuple[str, Tensor], Tensor, Tensor]
"""What `Network.flow` returns: yields (stage name, feature), is sent a feature, ends with the logits."""


class Network(nn.Module):
    """An architecture, 2-D and 3-D from one definition where its paper permits.

    A subclass builds its layers in `__init__` and writes `flow`: the forward pass as a generator that
    stops at every named feature stage. Schemes that reach into a network (attention between two
    streams, feature analysis) read the feature there and may hand back another one; everybody else
    calls the network as usual.

    Parameters
    ----------
    in_channels, num_classes, ndim
        Image channels, output channels (background included), 2 or 3.
    params
        Validated instance of the class's `Params`, `width` filled in.

    Attributes
    ----------
    name, citation
        Id on the command line; the paper.
    ndims
        Which of 2-D and 3-D it is made for.
    feature_stages
        Names of the stages that `flow` stops at, in order of computation.
    """

    name: ClassVar[str]
    citation: ClassVar[str]
    ndims: ClassVar[tuple[int, ...]] = (2, 3)
    feature_stages: ClassVar[tuple[str, ...]] = ()

    Params: TypeAlias = NetworkParams

    def __init__(self, in_channels: int, num_classes: int, ndim: int, params: NetworkParams) -> None:
        super().__init__()
        self.ndim = ndim
        self.num_classes = num_classes
        self.params: Any = params

    @property
    def divisor(self) -> int:
        """Sides of the input must be multiples of this; the harness pads."""
        return 16

    def flow(self, image: Tensor) -> Flow:
        """Forward pass: `feature = yield "name", feature` at each stage; returns logits.

        `image` is float `[B, C, *spatial]`, the logits `[B, num_classes, *spatial]`.
        """
        raise NotImplementedError
        yield

    def forward(self, image: Tensor) -> Tensor:
        """Logits `[B, num_classes, *spatial]`."""
        flow = self.flow(image)
        try:
            _, feature = next(flow)
            while True:
                _, feature = flow.send(feature)
        except StopIteration as end:
            logits: Tensor = end.value
            return logits

    def features(self, image: Tensor) -> dict[str, Tensor]:
        """The feature `[B, channels, *reduced spatial]` of every stage, by name."""
        flow, found = self.flow(image), {}
        try:
            name, feature = next(flow)
            while True:
                found[name] = feature
                name, feature = flow.send(feature)
        except StopIteration:
            return found
