"""Methods that break a contract each; they are named after it."""

from __future__ import annotations

import inspect
import random
from collections.abc import Sequence
from itertools import count

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nsbench.benchmark.plugin import Batch, Builder, LossMethod, Optimiser, Relabel, Stage, Train, TrainingView

CALLS = count()


class _Plain(LossMethod):
    """Cross entropy, a helper."""

    citation = "Nobody, 'Nothing', 2020"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        voxels = cross_entropy(logits, batch.label, reduction="none")
        return (voxels * batch.valid).sum() / batch.valid.sum().clamp(min=1)


class Fickle(_Plain):
    """Its stage has another name at every call."""

    name = "stages-are-a-pure-function"

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train(f"train{next(CALLS)}", on=view.labeled),)


class Namesakes(_Plain):
    """Two stages share a name."""

    name = "stages-have-names-of-their-own"

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("train", on=view), Train("train", on=view))


class Hasty(_Plain):
    """It trains on labels that come later."""

    name = "stages-refer-to-earlier-ones"

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("first", on=view.relabeled("votes")), Relabel("votes", on=view, by=("first",)))


class Astray(_Plain):
    """An optimiser drives a module that does not exist."""

    name = "stages-can-be-optimised"

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("train", on=view, optimisers=(Optimiser("main", ("decoder",)),)),)


class Idle(_Plain):
    """Its loss has no slope."""

    name = "training-moves-the-weights"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return super().loss(logits, batch) * 0


class Erratic(_Plain):
    """It draws from a generator that nobody seeds."""

    name = "training-is-deterministic"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return super().loss(logits, batch) * (1 + random.random())


class Forgetful(_Plain):
    """It counts its updates in a plain attribute."""

    name = "a-killed-training-continues-to-the-same-weights"
    seen = 0

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        self.seen += 1
        margin = 0.1 * self.seen * batch.one_hot
        return super().loss(logits - margin, batch)


class Absentminded(Forgetful):
    """As `Forgetful`: a new instance makes another step."""

    name = "the-state-dict-holds-everything"


class Coarse(_Plain):
    """It adds a small number that bfloat16 rounds away, and divides by what is left."""

    name = "losses-are-finite-in-bf16"

    def step(self, batch: Batch, progress: float) -> Tensor:
        logits = self.network(batch.image)
        tiny = torch.ones((), dtype=logits.dtype) + 1e-3 - 1
        return self.loss(logits.float(), batch) / tiny


class Dividing(_Plain):
    """It divides by the number of valid voxels, which may be 0."""

    name = "ignored-batches-do-no-harm"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return (cross_entropy(logits, batch.label, reduction="none") * batch.valid).sum() / batch.valid.sum()


class Flat(_Plain):
    """It takes every patch for a 2-D one."""

    name = "it-trains-in-every-geometry"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        size, _, height, width = logits.shape
        return super().loss(logits.reshape(size, -1, height, width), batch)


class Greedy(_Plain):
    """It trains on all cases, the unlabeled ones included."""

    name = "labels-of-unlabeled-cases-change-nothing"

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return (Train("train", on=view),)


class Staring(_Plain):
    """It does not look at what is to be ignored."""

    name = "labels-under-ignored-voxels-change-nothing"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(logits, batch.label)


class Spying(_Plain):
    """It reaches through the call stack for the trainer's secrets."""

    name = "the-hidden-truth-changes-nothing"

    def step(self, batch: Batch, progress: float) -> Tensor:
        frame = inspect.currentframe()
        trainer = frame.f_back.f_locals["self"] if frame and frame.f_back else None
        truth = getattr(getattr(trainer, "context", None), "hooks", None)
        found = getattr(truth, "truth", None)
        return super().step(batch, progress) * (1 if found is None else 1 + sum(map(int, found["case0"].flat)))


class Omniscient(_Plain):
    """It claims a knowledge that there is not."""

    name = "knowledge-and-cost-are-declared"
    knows = "everything"


class Raw(_Plain):
    """It predicts logits."""

    name = "predictions-are-probabilities"

    def predict(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image)
        return logits


class Trembling(_Plain):
    """Noise is added to what it predicts."""

    name = "predictions-are-repeatable"

    def predict(self, image: Tensor) -> Tensor:
        logits = self.network(image)
        return (logits + CALLS.__next__()).cos().softmax(1)


class Sociable(_Plain):
    """It normalises over the batch."""

    name = "predictions-do-not-depend-on-the-batch"

    def predict(self, image: Tensor) -> Tensor:
        logits = self.network(image)
        return (logits - logits.mean(0, keepdim=True)).softmax(1)


class Verbose(_Plain):
    """It logs a value for every case."""

    name = "logs-have-the-right-shapes"

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        self.log(mean=logits.flatten(1).mean(1))
        return super().loss(logits, batch)


class Hoarder(_Plain):
    """It keeps a copy of everything."""

    name = "the-state-is-of-a-reasonable-size"

    def setup(self, build: Builder) -> None:
        super().setup(build)
        self.register_buffer("everything", torch.zeros(2**24))


class Reliant(_Plain):
    """Its second stage learns from what only this object remembers of the first, which other cells may share."""

    name = "a-shared-stage-comes-out-the-same"

    def setup(self, build: Builder) -> None:
        super().setup(build)
        self._steps = 0

    def stages(self, view: TrainingView) -> Sequence[Stage]:
        return Train("first", on=view.labeled, shared=()), Train("second", on=view.labeled)

    def step(self, batch: Batch, progress: float) -> Tensor:
        self._steps += 1
        return super().step(batch, progress) * self._steps
