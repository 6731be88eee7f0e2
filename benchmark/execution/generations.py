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

        Empty where no unlabeled training case is labeled.
        """
        stages = list(self.method.stages(self.data.view))
        labeling = [stage for stage in stages if isinstance(stage, Relabel) and self._hidden(stage)]
        if not labeling:
            return []
        trained = _weights_of(stages, labeling)
        kept = {name: value.clone() for name, value in self.method.state_dict().items()}
        tested = self._test(trained)
        reference = {stage.name: self._labels(stage) for stage in labeling}
        reference[trained[-1]] = self._reference(trained[-1])
        self.method.load_state_dict(kept)
        numbers = generation_numbers(stages)
        named = [stage.name for stage in stages if stage.name in tested or stage.name in reference]
        return [
            Generation(stage=name, generation=numbers[name], reference=reference.get(name), **tested.get(name, {}))
            for name in named
        ]

    def _hidden(self, stage: Relabel) -> list[str]:
        """The cases of a stage whose true label is hidden from the method."""
        return [i for i in dict.fromkeys(stage.on.ids) if i in self.data.reference]

    def _labels(self, stage: Relabel) -> float | None:
        labels = self._load(stage.name)["labels"]
        return _mean([self._dice(i, labels[i].numpy()) for i in self._hidden(stage)])

    def _reference(self, stage: str) -> float | None:
        self.method.load_state_dict(self._load(stage)["method"])
        images = {case.id: case.image for case in self.data.view.unlabeled.cases}
        return _mean([self._dice(i, self.evaluator.predict(self.method, images[i])) for i in self.data.reference])

    def _test(self, stages: Sequence[str]) -> dict[str, dict[str, float | None]]:
        """`test` and `similarity` of each stage's weights, case by case so that no prediction is kept."""
        weights = {name: self._load(name)["method"] for name in stages}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in stages}
        for case in self.data.scored:
            truth, first = case.original or case, None
            for name in stages:
                self.method.load_state_dict(weights[name])
                prediction = self.evaluator.original(self.method, case)
                first = prediction if first is None else first
                pair = [self._mean_dice(prediction, np.asarray(other), truth.ignore) for other in (truth.label, first)]
                found[name].append((pair[0], pair[1]))
        return {name: _scores(pairs, name == stages[0]) for name, pairs in found.items()}

    def _dice(self, case_id: str, label: np.ndarray) -> float:
        return self._mean_dice(label, np.asarray(self.data.reference[case_id]), self.data.ignored.get(case_id))

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
            found[stage.name] = max((1 + found[name] for name in {c.label_source for c in cases} - {""}), default=0)
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


def _weights_of(stages: Sequence[Stage], labeling: Sequence[Relabel]) -> list[str]:
    """Names of the stages whose weights label cases, in order, and of the last."""
    used = {name for stage in labeling for name in stage.by}
    trains = [stage.name for stage in stages if isinstance(stage, Train)]
    return [name for i, name in enumerate(trains) if name in used or i == len(trains) - 1]


def _scores(pairs: Sequence[tuple[float, float]], is_first: bool) -> dict[str, float | None]:
    test, similarity = (_mean([pair[i] for pair in pairs]) for i in range(2))
    return {"test": test, "similarity": None if is_first else similarity}


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if value == value]
    return sum(known) / len(known) if known else None
