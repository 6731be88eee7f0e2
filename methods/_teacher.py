"""A teacher that can be told, on the device, to sit an update out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..benchmark.plugin import EMA


class Teacher(EMA):
    """Moving average of a student's weights that nothing but its updates changes.

    In training it normalises by the statistics of the batch, as the student does, but keeps none of them.
    """

    @torch.no_grad()
    def forward(self, image: Tensor) -> Tensor:
        """Logits `[B, classes, *spatial]`, without gradient."""
        buffers = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        logits: Tensor = functional_call(self.network, buffers, (image,))
        return logits

    @torch.no_grad()
    def update_where(self, accepted: Tensor, student: nn.Module, decay: float) -> None:
        """`update` where the scalar bool is true, else nothing; the device alone knows which."""
        theirs = dict(student.named_parameters())
        for name, mine in self.network.named_parameters():
            mine.lerp_(torch.where(accepted, theirs[name], mine), 1.0 - decay)
        buffers = dict(student.named_buffers())
        for name, buffer in self.network.named_buffers():
            buffer.copy_(torch.where(accepted, buffers[name], buffer))
