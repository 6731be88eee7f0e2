"""Self-learning and its cures for lazy mimicking: STSO and ATSO (Huo et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from ..benchmark.plugin import Setting, Stage, TrainingView, UserError, param
from ._generations import INITIAL_MODEL, Generations


class SelfLearning(Generations):
    """Self-learning: each generation relabels the unlabeled cases and goes on learning from its own weights.

    The baseline of Huo et al. (2021), Section 3.2: M0 learns from the labeled cases; then, `generations` times, the
    last model labels the others and is trained on from where it was, on both. It tends to mimic itself.
    """

    name = "self-learning"
    resets: ClassVar[bool] = False

    def students(self, labeled: TrainingView, unlabeled: TrainingView) -> Sequence[Stage]:
        graph: list[Stage] = []
        teacher, share = INITIAL_MODEL, 1 / self.params.generations
        for t in range(1, self.params.generations + 1):
            start = INITIAL_MODEL if self.resets else teacher
            pseudo = unlabeled.relabeled(f"r{t}")
            graph.append(self.pseudo_labels(f"r{t}", unlabeled, teacher))
            graph.append(self.lesson(f"m{t}", labeled, pseudo, start=start, share=share))
            teacher = f"m{t}"
        return graph


class STSO(SelfLearning):
    """Synchronous teacher-student optimisation: as `self-learning`, but every student starts from M0.

    Huo et al. (2021), Section 4.1, "breaking up continual learning".
    """

    name = "stso"
    resets = True


class ATSO(Generations):
    """Asynchronous teacher-student optimisation: a model labels only the fold that it was not trained on.

    Huo et al. (2021), Algorithm 1. The unlabeled cases are divided into `folds`; in each generation a student per fold
    learns from the labeled cases and its fold, starting from M0, after the student of the next fold of the generation
    before has labeled it (M0 in the first one). A last model, from M0 as well, learns from all folds. The students of a
    generation share what its last model takes, as in Section 3.3, where a generation costs what one of self-learning
    does; with `accounting: per-stage` each of them takes as much as a student of `stso`.

    All scans of a patient are in one fold.

    Line 12, to the letter, trains the last model on the labels of the last generation's start, for which its students
    are of no use, and one generation would be that of `stso`. Section 3.3 and Table 1, where their first generations
    differ, have the students label once more: `last_labels: updated`.
    """

    name = "atso"

    class Params(Generations.Params):
        folds: int = param(2, ge=2, le=10, source="Huo et al. 2021, Section 3.3", help="of the unlabeled cases")
        last_labels: Literal["updated", "to-the-letter"] = param(
            "updated", source="Huo et al. 2021, Algorithm 1, line 12", help="labels for the last model"
        )

        def misfit(self, setting: Setting) -> str:
            """Beside what else cannot be: folds without a case."""
            count = setting.unlabeled
            remedy = "leave more without label" + (", or lower folds" if self.folds > 2 else "")
            few = f"{count} unlabeled case{'' if count == 1 else 's'} for {self.folds} folds; {remedy}"
            return super().misfit(setting) or (few if count < self.folds else "")

    def students(self, labeled: TrainingView, unlabeled: TrainingView) -> Sequence[Stage]:
        rounds, folds = self.params.generations, self.params.folds
        if not len(unlabeled.fold(folds - 1, folds)):
            raise UserError(
                f"method {self.name}: the patients of {len(unlabeled)} unlabeled cases are too few for {folds} folds"
            )
        updated = self.params.last_labels == "updated"
        trained = rounds if updated else rounds - 1
        graph: list[Stage] = []
        for t in range(1, trained + 1):
            graph += self.generation(t, labeled, unlabeled, share=1 / (trained + 1))
        graph += self.labels_for_all(trained + 1, unlabeled)
        pseudo = self.relabeled(trained + 1, unlabeled)
        share = 1 / (trained + 1)
        return [*graph, self.lesson("final", labeled, pseudo, start=INITIAL_MODEL, share=share, final=updated)]

    def generation(self, t: int, labeled: TrainingView, unlabeled: TrainingView, share: float) -> Sequence[Stage]:
        """Lines 5 to 9: the labels of every fold, then its student."""
        folds = self.params.folds
        graph = list(self.labels_for_all(t, unlabeled))
        for k in range(folds):
            pseudo = unlabeled.fold(k, folds).relabeled(f"r{t}.{k}")
            graph.append(self.lesson(f"m{t}.{k}", labeled, pseudo, start=INITIAL_MODEL, share=share / folds))
        return graph

    def labels_for_all(self, t: int, unlabeled: TrainingView) -> Sequence[Stage]:
        """Lines 5 and 6: each fold labeled by the model of another one."""
        folds = self.params.folds
        teachers = [INITIAL_MODEL if t == 1 else f"m{t - 1}.{(k + 1) % folds}" for k in range(folds)]
        return [self.pseudo_labels(f"r{t}.{k}", unlabeled.fold(k, folds), teachers[k]) for k in range(folds)]

    def relabeled(self, t: int, unlabeled: TrainingView) -> TrainingView:
        """All folds with their labels of round t."""
        folds = self.params.folds
        parts = [unlabeled.fold(k, folds).relabeled(f"r{t}.{k}") for k in range(folds)]
        turned = {case.id: case for part in parts for case in part.cases}
        return TrainingView(tuple(turned[name] for name in unlabeled.ids))
