"""The Dice family: Dice, Soerensen-Dice, focal Dice, noise-robust Dice."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ...benchmark.plugin import Batch, param
from ._overlap import OverlapLoss


class Dice(OverlapLoss):
    """Dice loss, sum (p - g)^2 / sum (p^2 + g^2).

    Wang et al. (2020), Eq. 1 in its second form, which is 0 when a class is rightly absent.
    """

    name = "dice"
    citation = (
        "Milletari, Navab & Ahmadi, 'V-Net: Fully convolutional neural networks for volumetric medical image "
        "segmentation', 3DV 2016"
    )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return self.errors(logits, batch).mean()


class SorensenDice(OverlapLoss):
    """Soerensen-Dice loss, 1 - 2 sum p g / sum (p + g).

    The soft Dice that Fidon et al. generalise to distances between classes; without such a distance,
    as in Wang et al. (2020), Table I. For a one-hot g it equals sum |p - g| / sum (p + g).
    """

    name = "sorensen-dice"
    citation = (
        "Fidon, Li, Garcia-Peraza-Herrera, Ekanayake, Kitchen, Ourselin & Vercauteren, 'Generalised Wasserstein Dice "
        "score for imbalanced multi-class segmentation using holistic convolutional networks', BrainLes 2017"
    )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return self.errors(logits, batch, gamma=1.0, denominator="linear").mean()


class FocalDice(OverlapLoss):
    """Focal Dice loss, 1 - Dice^(1 / beta); beta = 1 is `dice`.

    beta > 1 puts weight on poorly segmented classes, which is what Wang & Chung want; beta = 0.5 takes it
    away from them, because under label noise a large error may be the label's (Wang et al. 2020).
    """

    name = "focal-dice"
    citation = (
        "Wang & Chung, 'Focal Dice loss and image dilation for brain tumor segmentation', "
        "Deep Learning in Medical Image Analysis (DLMIA) 2018"
    )

    class Params(OverlapLoss.Params):
        beta: float = param(0.5, gt=0, low=0.25, high=4.0, scale="log", source="Wang et al. 2020, Section III-B")

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        # the power's slope is infinite at 0 for beta > 1
        dice = (1 - self.errors(logits, batch)).clamp(min=1e-6)
        return (1 - dice.pow(1 / self.params.beta)).mean()


class NRDice(OverlapLoss):
    """Noise-robust Dice loss, sum |p - g|^gamma / (sum (p^2 + g^2) + epsilon).

    Between `dice` (gamma = 2) and a mean absolute error weighted by class size (gamma = 1). The authors'
    library divides by sum (p + g) instead (`denominator: linear`); gamma = 1 then is `sorensen-dice`.

    With the paper's denominator and gamma < 2 the loss of a class without any labeled voxel falls as its
    false positives grow, so a batch should hold some foreground: another reason to pool over the batch.
    """

    name = "nr-dice"
    citation = (
        "Wang, Liu, Li, Xu, Ruan, Zhu, Meng, Li, Huang & Zhang, 'A noise-robust framework for automatic segmentation "
        "of COVID-19 pneumonia lesions from CT images', IEEE Transactions on Medical Imaging 2020"
    )

    class Params(OverlapLoss.Params):
        gamma: float = param(
            1.5, ge=1, le=2, low=1.0, high=2.0, source="Wang et al. 2020, Eq. 3 and Fig. 4", help="exponent of |p - g|"
        )
        denominator: Literal["squared", "linear"] = param(
            "squared", source="Wang et al. 2020, Eq. 3 (squared); PyMIC (linear)"
        )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return self.errors(logits, batch, self.params.gamma, self.params.denominator).mean()
