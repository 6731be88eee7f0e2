"""A method that lets any other one learn from labels and pseudo-labels, along one axis or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from ..benchmark.plugin import (
    Batch,
    Builder,
    LossMethod,
    Method,
    Relabel,
    Setting,
    Stage,
    Train,
    TrainingView,
    UserError,
    param,
)
from ._noise_tolerant import nothing_valid
from ._pseudo_labels import PseudoLabels, batches_of, losses_of, of_view
from ._wrapping import Retrain, wrapped_stages

FINE = "fine"
SEVERAL_LOSSES = (
    "is no single network with a single loss, whose predictions could be reduced to superclasses; "
    "retrain ce, dice or another loss"
)


class Retraining(PseudoLabels):
    """What comes after the pseudo-labels: `retrain` learns from them, one of it for each axis of `views`."""

    class Params(PseudoLabels.Params):
        retrain: str = param(
            "ce",
            source="Min et al. 2019, Experiments: tsman and others",
            help="method that learns from the mix",
            names_plugin=True,
        )
        retrain_params: dict[str, Any] = param({}, source="nsbench", help="parameters of that method")

        def misfit(self, setting: Setting) -> str:
            """Beside what else cannot be: a wrapped method that wants unlabeled cases, or has no one loss to reduce."""
            if setting.knows(self.retrain) == "scarce":
                return (
                    f"retrain {self.retrain} is for scarce labels, and no case is left without label; retrain another"
                )
            if self.superclasses and not setting.has_one_loss(self.retrain):
                return f"retrain {self.retrain} {SEVERAL_LOSSES}"
            return super().misfit(setting)

    def set_up_students(self, build: Builder) -> None:
        """Make the wrapped methods; UserError where the wanted one cannot learn from a mix."""
        made = [build.method(self.params.retrain, self.params.retrain_params) for _ in self.views]
        self.students = nn.ModuleList(made)
        self._current: Train | None = None
        if made[0].knows == "scarce":
            raise UserError(f"method {self.name}: retrain {self.params.retrain} needs unlabeled cases; none are left")
        if self.groups and not _has_one_loss(made[0]):
            raise UserError(f"method {self.name}: retrain {self.params.retrain} {SEVERAL_LOSSES}")

    @property
    def views(self) -> tuple[int | None, ...]:
        """Numbers of the networks of a model; a single None where there are not several."""
        return tuple(range(len(self.slice_axes))) or (None,)

    @property
    def learners(self) -> list[Method]:
        """The wrapped methods, in the order of the views."""
        return list(self.students)  # type: ignore[arg-type]

    def retraining(self, mix: TrainingView) -> Sequence[Stage]:
        """The stages of the wrapped method."""
        return wrapped_stages(self.learners, mix, "students", "retrain_step", self.slice_axes)

    def fine(self, view: TrainingView, last: str) -> Sequence[Stage]:
        """With super-classes: on from the retrained model, with pseudo-labels of all classes by that model."""
        if not self.groups:
            return ()
        name, share = f"{FINE}-labels", self.params.fine_share / (1 - self.params.fine_share)
        (stage,) = self.retraining(view.labeled + view.unlabeled.relabeled(name))
        assert isinstance(stage, Train)
        return (Relabel(name, on=view.unlabeled, by=(last,)), replace(stage, name=FINE, start=last, share=share))

    def begin_stage(self, stage: Train) -> None:
        if isinstance(stage, Retrain):
            for student in self.learners:
                student.begin_stage(stage.inner)

    def enter_stage(self, stage: Train) -> None:
        self._current = stage
        self.passes = float(len(self.views))
        if isinstance(stage, Retrain):
            self.note_pseudo_labels(stage, reduces=stage.name != FINE and bool(self.groups))
            self.passes *= self.learners[0].passes
            for student in self.learners:
                student.enter_stage(stage.inner)

    def retrain_step(self, batches: Any, progress: float) -> dict[str, Tensor] | None:
        """The wrapped method's own step, along each axis."""
        assert isinstance(self._current, Retrain)
        inner: Train = self._current.inner
        losses: dict[str, Tensor] = {}
        for view, student in zip(self.views, self.learners, strict=True):
            if own := batches_of(batches, view):
                result = self._lesson(student, inner.step, own, view, progress)
                losses |= losses_of(result, inner.optimisers, view)
        return losses or None

    def _lesson(self, student: Any, step: str, batches: Any, view: int | None, progress: float) -> Any:
        if not self.reduces:
            return getattr(student, step)(batches, progress)
        batch: Batch = batches
        if nothing_valid(batch):
            return None
        return self.objective(student.network(batch.image), batch, self.flags(of_view("", view), batch), student.loss)

    def after_update(self, progress: float) -> None:
        if isinstance(self._current, Retrain):
            for student in self.learners:
                student.after_update(progress)

    def take_logs(self) -> tuple[dict[str, Tensor], Tensor | None]:
        """What this method and the wrapped ones logged; of the weights of voxels, the first's."""
        logged, trust = super().take_logs()
        for view, student in zip(self.views, self.learners, strict=True):
            theirs, their_trust = student.take_logs()
            logged |= {of_view(name, view): value for name, value in theirs.items()}
            trust = their_trust if trust is None else trust
        return logged, trust


def _has_one_loss(method: Method) -> bool:
    """Whether a method is one network that learns by one loss in one stage."""
    plain = type(method).step is LossMethod.step and type(method).stages is Method.stages
    return isinstance(method, LossMethod) and plain
