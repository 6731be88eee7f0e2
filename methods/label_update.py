"""Label update: an ensemble relabels the training set, and a new network learns from its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from ..benchmark.plugin import Batch, Builder, Method, Optimiser, Relabel, Stage, Train, TrainingView, param
from ._several import reject_identical, several_networks
from .losses._overlap import overlap_errors
from .losses._voxelwise import masked_mean, voxel_cross_entropy


class LabelUpdate(Method):
    """`models` networks learn from the labels at hand and relabel the training set; one more learns from that.

    Wang et al. (2020) compare with it in Table IV, after Ostyakov et al. They do not say how the ensemble
    votes; here the probabilities are averaged (`vote: hard` counts labels), and nothing of the old labels
    enters the new ones. The ensemble is trained side by side, each network on batches and from an initialisation
    of its own, as is the last one. Predicting the training set costs time beside the updates.
    """

    name = "label-update"
    citation = (
        "Ostyakov, Logacheva, Suvorov, Aliev, Sterkin, Khomenko & Nikolenko, 'Label denoising with large ensembles of "
        "heterogeneous neural networks', ECCV Workshops 2018"
    )
    # with five models and half of the updates for each stage; `setup` counts exactly
    passes = 3.0

    class Params(Method.Params):
        models: int = param(
            5, ge=2, low=2, high=8, source="Wang et al. 2020, Section IV-E", help="size of the ensemble"
        )
        vote: Literal["soft", "hard"] = param(
            "soft", source="unstated in Wang et al. 2020", help="average probabilities, or count labels"
        )
        final_share: float = param(
            0.5,
            gt=0,
            lt=1,
            low=0.2,
            high=0.7,
            source="unstated in Wang et al. 2020",
            help="share of the updates for the last network; the rest is the ensemble's",
        )
        loss: Literal["ce", "dice"] = param("ce", source="Wang et al. 2020, Section IV-E (dice)")

    def setup(self, build: Builder) -> None:
        p = self.params
        self.ensemble = several_networks(build, p.models)
        self.network = build.network()
        reject_identical(nn.ModuleList([*self.ensemble, self.network]))
        self.register_buffer("updated", torch.tensor(False))
        self.passes = p.models * (1 - p.final_share) + p.final_share

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        share, names = self.params.final_share, [f"model{i}" for i in range(self.params.models)]
        own = tuple(Optimiser(name, (f"ensemble.{i}",)) for i, name in enumerate(names))
        old, new = view.labeled, view.labeled.relabeled("update")
        return (
            Train("ensemble", dict.fromkeys(names, old), step="ensemble_step", share=1 - share, optimisers=own),
            Relabel("update", on=old, by=("ensemble",)),
            Train("retrain", new, share=share, optimisers=(Optimiser("main", ("network",)),)),
        )

    def begin_stage(self, stage: Train) -> None:
        self.updated.fill_(stage.name == "retrain")  # type: ignore[operator]

    def ensemble_step(self, batches: Mapping[str, Batch], progress: float) -> dict[str, Tensor]:
        """Each network's loss on a batch of its own."""
        return {
            name: self.loss(network(batch.image).float(), batch)
            for network, (name, batch) in zip(self.ensemble, batches.items(), strict=True)
        }

    def step(self, batch: Batch, progress: float) -> Tensor:
        return self.loss(self.network(batch.image).float(), batch)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Scalar loss of logits `[B, num_classes, *spatial]`."""
        if self.params.loss == "dice":
            return overlap_errors(logits.softmax(1)[:, 1:], batch.one_hot[:, 1:], batch.valid).mean()
        return masked_mean(voxel_cross_entropy(logits, batch.label), batch.valid)

    def predict(self, image: Tensor) -> Tensor:
        """The last network's probabilities; the ensemble's vote until there is a last network."""
        if self.updated:
            probabilities: Tensor = self.network(image).float().softmax(1)
            return probabilities
        votes = torch.stack([network(image).float().softmax(1) for network in self.ensemble])
        return (votes if self.params.vote == "soft" else counted(votes)).mean(0)


def counted(votes: Tensor) -> Tensor:
    """One-hot votes `[models, B, classes, *spatial]`; a thousandth of the probability decides ties."""
    chosen = torch.zeros_like(votes).scatter_(2, votes.argmax(2, keepdim=True), 1.0)
    return (chosen + 1e-3 * votes) / (1 + 1e-3)
