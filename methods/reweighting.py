"""Learning to reweight pixels with the help of a few clean cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call

from ..benchmark.plugin import Batch, Builder, Method, Train, TrainingView, UserError, param
from .losses._voxelwise import masked_mean, voxel_cross_entropy

# torch leaves these without types
dual_level: Any = forward_ad.dual_level
make_dual: Any = forward_ad.make_dual
unpack_dual: Any = forward_ad.unpack_dual


class Reweighting(Method):
    """Every voxel counts as far as its gradient points the way of a few clean cases' gradient.

    A virtual step of gradient descent on sum(eps * loss), from eps = 0, moves the weights theta by
    -rate * sum(eps_i * grad l_i), so d L_clean / d eps_i = -rate * <grad L_clean, grad l_i>. The weight of
    voxel i is relu(-d L_clean / d eps_i) over the sum of all: the rate cancels, and a voxel whose gradient
    opposes the clean one gets 0. The inner products of all voxels at once are the derivative of their losses
    along grad L_clean, which forward-mode differentiation gives exactly, in one pass and in float32. A batch
    without positive weight moves nothing. Only the pass that is learned from touches the running statistics
    of normalisation.

    The clean cases are the first `clean_cases` of those known to be clean, or all where there are fewer.
    """

    name = "reweighting"
    citation = (
        "Mirikharaji, Yan & Hamarneh, 'Learning to segment skin lesions from noisy annotations', MIL3ID 2019; "
        "Ren, Zeng, Yang & Urtasun, 'Learning to reweight examples for robust deep learning', ICML 2018"
    )
    knows = "trusted"
    # the clean gradient, the derivative along it (W x, W dx, dW x), the update
    passes = 3.0

    class Params(Method.Params):
        clean_cases: int = param(
            10, ge=1, low=2, high=40, unit="cases", source="unstated in PINT (Table 1)", help="k, how many guide"
        )
        reuse_clean: bool = param(
            True, source="unstated in PINT (Table 1)", help="weigh and learn from the clean cases, too"
        )

    def setup(self, build: Builder) -> None:
        self.network = build.network()

    def stages(self, view: TrainingView) -> Sequence[Train]:
        """One stage; UserError when no case is known to be clean."""
        clean = TrainingView(view.trusted.cases[: self.params.clean_cases])
        if not clean.cases:
            raise UserError("method reweighting: no training case is known to be clean; lower the noise ratio")
        rest = TrainingView(tuple(case for case in view.labeled.cases if case.id not in clean.ids))
        noisy = view.labeled if self.params.reuse_clean else rest
        return (Train("train", on={"noisy": noisy, "clean": clean}, step="reweigh"),)

    def reweigh(self, batches: Mapping[str, Batch], progress: float) -> Tensor | None:
        """Loss of one update from the batches `noisy` and `clean`; None where no voxel has a weight."""
        noisy = batches["noisy"]
        weights = self.agreement(self.clean_gradient(batches["clean"]), noisy).relu() * noisy.valid
        weights = weights / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)
        self.log_trust(weights * noisy.valid.sum())
        self.log(kept=masked_mean((weights > 0).float(), noisy.valid))
        losses = _cross_entropy(self.network(noisy.image), noisy)
        return (losses * weights).sum() if weights.any() else None

    def clean_gradient(self, batch: Batch) -> dict[str, Tensor]:
        """Gradient of the mean cross entropy of a clean batch, by parameter name."""
        parameters = dict(self.network.named_parameters())
        logits = functional_call(self.network, self._buffer_copies(), (batch.image,))
        loss = masked_mean(_cross_entropy(logits, batch), batch.valid)
        found = torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        return dict(zip(parameters, found))

    @torch.no_grad()
    def agreement(self, direction: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """Inner product of each voxel's gradient with a direction in weight space, float32 `[B, *spatial]`."""
        with dual_level(), torch.autocast(batch.image.device.type, enabled=False):
            dual = {name: make_dual(p, direction[name]) for name, p in self.network.named_parameters()}
            logits = functional_call(self.network, dual | self._buffer_copies(), (batch.image,))
            found: Tensor = unpack_dual(_cross_entropy(logits, batch)).tangent
        return found

    def _buffer_copies(self) -> dict[str, Tensor]:
        return {name: buffer.clone() for name, buffer in self.network.named_buffers()}

    def predict(self, image: Tensor) -> Tensor:
        probabilities: Tensor = self.network(image).float().softmax(1)
        return probabilities


def _cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    with torch.autocast(logits.device.type, enabled=False):
        return voxel_cross_entropy(logits.float(), batch.label)
