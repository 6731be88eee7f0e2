"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class EMA(nn.Module):
    """A teacher whose weights are the moving average of a student's (Tarvainen & Valpola 2017).

    Parameters are averaged; buffers (BatchNorm statistics and counters) are copied, so that the
    teacher normalises as the student does. No gradient reaches the teacher. It is part of the
    method's `state_dict`, so a resumed cell keeps it.
    """

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(student).requires_grad_(False)

    @torch.no_grad()
    def update(self, student: nn.Module, decay: float) -> None:
        """teacher = decay * teacher + (1 - decay) * student; `decay` in [0, 1], 1 leaves it bit-identical."""
        if decay == 1.0:
            return
        theirs = dict(student.named_parameters())
        for name, mine in self.network.named_parameters():
            mine.lerp_(theirs[name], 1.0 - decay)
        buffers = dict(student.named_buffers())
        for name, buffer in self.network.named_buffers():
            buffer.copy_(buffers[name])

    @torch.no_grad()
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """The teacher's logits, without gradient."""
        out: torch.Tensor = self.network(image)
        return out
