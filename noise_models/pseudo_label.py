"""Labels that a model made."""

from __future__ import annotations

import numpy as np

from ..benchmark.plugin import Corruption, NoiseModel, UserError, param


class PseudoLabel(NoiseModel):
    """What a model predicts that has learned from a few clean cases: annotation by a machine, not looked at again.

    Stands for labels from a human in the loop and for self-training: some cases are annotated with care, a network
    learns from them and labels the others. Its errors depend on the image and are alike from case to case,
    unlike those of a slipping hand. The cases that it learns from stay clean, whatever the ratio.

    Notes of the record: the classes of the clean label that the prediction lacks.
    """

    name = "pseudo-label"
    citation = (
        "Wang et al., 'A noise-robust framework for automatic segmentation of COVID-19 pneumonia lesions from CT "
        "images', IEEE TMI 2020 (COPLE-Net)"
    )
    needs_prediction = True

    class Params(NoiseModel.Params):
        """The model: how much it sees, and how long it learns."""

        fraction: float = param(
            0.2,
            gt=0,
            lt=1,
            help="share of the training cases that the model learns from, one at least; they stay clean",
        )
        updates: int = param(400, ge=1, unit="updates", help="optimiser steps of the model's training")
        network: str = param("unet", help="name of the model's network, with its own default parameters")
        width: int = param(8, ge=1, unit="channels", help="channels of the network's first level")
        learning_rate: float = param(2e-3, gt=0, help="initial learning rate of the model's training")

    def corrupt(
        self,
        label: np.ndarray,
        spacing: tuple[float, ...],
        rng: np.random.Generator,
        image: np.ndarray,
        prediction: np.ndarray | None = None,
    ) -> Corruption:
        if prediction is None:
            raise UserError("its labels come from a model that a run trains; there are none outside of a run")
        vanished = np.setdiff1d(label, [0, *np.unique(prediction)])
        return Corruption(prediction.astype(label.dtype), {"vanished": vanished.tolist()})
