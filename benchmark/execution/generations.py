"""How good each generation of pseudo-labels and weights is: measured when training is over, for the record alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.cell_data import CellData
from ..metrics.overlap import Overlap
from ..plugin.method import Method
from ..plugin.stages import Relabel, Stage, Train
from ..store.record import Generation
from ..training import checkpoint
from ..training.context import TrainContext
from ..training.sampler import sequence_of
from .evaluate import Evaluator


@dataclass(frozen=True)
class Generations:
    """Scores the stages of one trained method; the hidden labels go no further than the scores."""

    method: Method
    data: CellData
    evaluator: Evaluator
    context: TrainContext

    def measure(self) -> list[Generation]:
        """One entry per stage that labels unlabeled cases, or from whose weights they are labeled, and for the last.

        Empty where no unlabeled training case is labeled. Cases that have a label and are seen without it as well are
        no reference: where there are no others, only `reference` is missing.
        """
        stages = list(self.method.stages(self.data.view))
        unlabeled = set(self.data.view.unlabeled.ids)
        labeling = [stage for stage in stages if isinstance(stage, Relabel) and unlabeled & set(stage.on.ids)]
        if not labeling:
            return []
        trained = _weights_of(stages, labeling)
        kept = {name: value.to("cpu", copy=True) for name, value in self.method.state_dict().items()}
        tested = self._test(trained)
        reference = {stage.name: self._labels(stage) for stage in labeling}
        reference[trained[-1]] = self._reference(trained[-1])
        self.method.load_state_dict(kept)
        facts = _facts_of(stages)
        named = [stage.name for stage in stages if stage.name in tested or stage.name in reference]
        return [
            Generation(stage=name, reference=reference.get(name), **facts[name], **tested.get(name, {}))
            for name in named
        ]

    def _labels(self, stage: Relabel) -> float | None:
        """Of labels of super-classes against the truth as super-classes: what a student was told, and how truly."""
        labels, hidden = self._load(stage.name)["labels"], self.data.reference
        ids = [i for i in dict.fromkeys(stage.on.ids) if i in hidden]
        return _mean([self._dice(i, labels[i].numpy(), in_groups(np.asarray(hidden[i]), stage.groups)) for i in ids])

    def _reference(self, stage: str) -> float | None:
        self.context.load_weights(self.method, stage)
        images = {case.id: case.image for case in self.data.view.unlabeled.cases}
        found = ((i, truth, self.evaluator.predict(self.method, images[i])) for i, truth in self.data.reference.items())
        return _mean([self._dice(i, label, np.asarray(truth)) for i, truth, label in found])

    def _test(self, stages: Sequence[str]) -> dict[str, dict[str, Any]]:
        """`test` and `similarity` of each stage's weights, which are in memory one at a time."""
        first: list[np.ndarray] = []
        found = {}
        for name in stages:
            self.context.load_weights(self.method, name)
            pairs = []
            for i, case in enumerate(self.data.scored):
                truth, prediction = case.original or case, self.evaluator.original(self.method, case)
                if name == stages[0]:
                    first.append(prediction)
                others = np.asarray(truth.label), first[i]
                pairs.append([self._mean_dice(prediction, other, truth.ignore) for other in others])
            found[name] = _scores(pairs, name == stages[0])
        return found

    def _dice(self, case_id: str, label: np.ndarray, truth: np.ndarray) -> float:
        return self._mean_dice(label, truth, self.data.ignored.get(case_id))

    def _mean_dice(self, prediction: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None) -> float:
        return mean_dice(prediction, truth, ignore, self.data.task.num_classes)

    def _load(self, stage: str) -> Mapping[str, Any]:
        done = checkpoint.load(self.context.stage_file(stage), self.context.device)
        assert done is not None, f"stage {stage} is done"
        return done


def generation_numbers(stages: Sequence[Stage]) -> dict[str, int]:
    """`Generation.generation` of each stage, by name."""
    found: dict[str, int] = {}
    for stage in stages:
        if isinstance(stage, Relabel):
            found[stage.name] = max(found[name] for name in stage.by)
        else:
            cases = (case for _, view in sequence_of(stage.on) for case in view.cases)
            further = 0 if stage.final else 1
            found[stage.name] = max(
                (further + found[name] for name in {c.label_source for c in cases} - {""}), default=0
            )
    return found


def in_groups(truth: np.ndarray, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """A label with the classes of each group as the group's first one, as `Relabel.groups` has it."""
    lookup = np.arange(256, dtype=np.uint8)
    for first, *others in groups:
        lookup[others] = first
    found: np.ndarray = lookup[truth]
    return found


def mean_dice(prediction: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None, num_classes: int) -> float:
    """Mean Dice over the foreground classes that either label holds; NaN where neither holds any."""
    valid = np.ones(truth.shape, bool) if ignore is None else ~ignore
    scores = []
    for value in range(1, num_classes):
        one, other = (prediction == value) & valid, (truth == value) & valid
        both = int((one & other).sum())
        scores.append(Overlap(both, int(one.sum()) - both, int(other.sum()) - both).dice)
    known = [score for score in scores if score == score]
    return sum(known) / len(known) if known else float("nan")


def _facts_of(stages: Sequence[Stage]) -> dict[str, dict[str, Any]]:
    """What `Generation` says of each stage beside its scores."""
    numbers = generation_numbers(stages)
    return {
        stage.name: {
            "generation": numbers[stage.name],
            "final": isinstance(stage, Train) and stage.final,
            "coarse": isinstance(stage, Relabel) and any(len(group) > 1 for group in stage.groups),
        }
        for stage in stages
    }


def _weights_of(stages: Sequence[Stage], labeling: Sequence[Relabel]) -> list[str]:
    """Names of the stages whose weights label cases, in order, and of the last."""
    used = {name for stage in labeling for name in stage.by}
    trains = [stage.name for stage in stages if isinstance(stage, Train)]
    return [name for i, name in enumerate(trains) if name in used or i == len(trains) - 1]


def _scores(pairs: Sequence[Sequence[float]], is_first: bool) -> dict[str, Any]:
    test, similarity = (_mean([pair[i] for pair in pairs]) for i in range(2))
    return {"test": test, "similarity": None if is_first else similarity}


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if value == value]
    return sum(known) / len(known) if known else None
