"""The training losses of the last updates, and the threshold that they set."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class LossHistory(nn.Module):
    """beta of Wang et al. (2020), Eq. 6: a percentile of the losses of the last updates.

    All of it stays on the training device and nothing waits for it. The losses are a buffer
    `[window, losses per update]`, NaN where there is none yet; the number per update comes with the first ones.

    Parameters
    ----------
    window
        Updates that are remembered (K).
    percentile
        In (0, 100]; 100 stands for no threshold: beta is infinite.
    warm_up
        Updates that must be remembered before there is a threshold; until then beta is infinite.
    sees_current
        Whether the losses that are to be judged count in the percentile.
    """

    losses: Tensor

    def __init__(self, window: int, percentile: float, warm_up: int, sees_current: bool) -> None:
        super().__init__()
        self.percentile, self.sees_current = percentile, sees_current
        # a warm-up that outlasts the window would never end
        self.warm_up = min(warm_up, window)
        self.register_buffer("losses", torch.full((window, 1), float("nan")))

    @torch.no_grad()
    def threshold(self, losses: Tensor) -> Tensor:
        """beta, a scalar, for the losses `[n]` of this update, which are remembered; NaN among them is no loss."""
        before = self.beta()
        self._remember(losses.detach().float())
        return self.beta() if self.sees_current else before

    def beta(self) -> Tensor:
        """The percentile of what is remembered."""
        if self.percentile >= 100:
            return torch.full((), torch.inf, device=self.losses.device)
        found = torch.nanquantile(self.losses, self.percentile / 100)
        ready = self.losses.isfinite().any(1).sum() >= self.warm_up
        return found.masked_fill(~(ready & found.isfinite()), torch.inf)

    def _remember(self, losses: Tensor) -> None:
        if len(losses) != self.losses.shape[1]:
            self.losses = self.losses.new_full((len(self.losses), len(losses)), float("nan"))
        self.losses = torch.cat([self.losses[1:], losses[None]])

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        saved = state_dict.get(prefix + "losses", self.losses)
        self.losses = self.losses.new_empty(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *rest)
