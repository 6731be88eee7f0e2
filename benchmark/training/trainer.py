"""The trainer: runs a method's stages in order and skips what is done."""

from __future__ import annotations

from dataclasses import dataclass

from ..budget import Budget
from ..errors import CellFailure
from ..plugin.method import Method
from ..plugin.stages import INITIAL, Relabel, Stage, Train
from ..plugin.view import TrainingView
from . import checkpoint
from .context import Outcome, TrainContext
from .relabel import relabel
from .shared import only_declared
from .shared_stages import SharedStages
from .stage_run import StageRun


@dataclass
class Trainer:
    """Trains one method in one cell."""

    context: TrainContext

    def fit(self, method: Method, view: TrainingView) -> Outcome:
        """Run all stages that are not done yet; the method ends with the weights to predict with."""
        stages = list(method.stages(view))
        sharing = self._shared_stages(method, stages)
        self._keep_initial(method, stages)
        trainable = [(parameter, parameter.requires_grad) for parameter in method.parameters()]
        counts = divide_updates(stages, self.context.budget)
        check_updates(stages, counts)
        trained = [stage.name for stage, count in zip(stages, counts) if count]
        self.context.tested = trained[-1] if trained else ""
        for stage, updates in zip(stages, counts):
            if self._restore_finished(method, stage):
                continue
            if isinstance(stage, Relabel):
                self._relabel(method, stage)
            else:
                # a resumed cell skips the stages that froze something
                for parameter, learns in trainable:
                    parameter.requires_grad_(learns)
                with only_declared(method, stage):
                    self._train(StageRun(self.context, method, stage, updates), sharing)
        if self.context.select:
            self._take_best(method)
        return self.context.outcome

    def _keep_initial(self, method: Method, stages: list[Stage]) -> None:
        path = self.context.stage_file(INITIAL)
        if any(isinstance(stage, Train) and stage.start == INITIAL for stage in stages) and not path.exists():
            checkpoint.save(path, {"method": method.state_dict()})

    def _restore_finished(self, method: Method, stage: Stage) -> bool:
        done = checkpoint.load(self.context.stage_file(stage.name), self.context.device)
        if done is None:
            return False
        if isinstance(stage, Train):
            method.load_state_dict(done["method"])
            self.context.outcome = Outcome(**done["outcome"])
            self.context.outcome.resumed += 1
        return True

    def _shared_stages(self, method: Method, stages: list[Stage]) -> SharedStages | None:
        """None where no stage is shared: what is validated decides about more than one stage."""
        context = self.context
        declared = any(isinstance(stage, Train) and stage.shared is not None for stage in stages)
        if context.sharing is None or context.hooks.validate is not None or not declared:
            return None
        return SharedStages(context, context.sharing, method)

    def _train(self, run: StageRun, sharing: SharedStages | None) -> None:
        if sharing is None or run.stage.shared is None:
            run.run()
        else:
            sharing.run(run)

    def _relabel(self, method: Method, stage: Relabel) -> None:
        context, weights = self.context, []
        for name in stage.by:
            done = checkpoint.load(context.stage_file(name), mapped=True)
            if done is None:
                raise CellFailure(f"stage {stage.name} needs the weights of stage {name}, which is not done")
            weights.append(done["method"])
        labels = relabel(method, weights, stage, context.budget, context.sampling, context.device)
        checkpoint.save(context.stage_file(stage.name), {"labels": labels})

    def _take_best(self, method: Method) -> None:
        best = checkpoint.load(self.context.best_file, self.context.device)
        if best is not None:
            method.load_state_dict(best["method"])


def check_updates(stages: list[Stage], updates: list[int]) -> None:
    """CellFailure where a stage is left without an update that is to have some."""
    trains = [(stage, count) for stage, count in zip(stages, updates) if isinstance(stage, Train)]
    if idle := [stage.name for stage, count in trains if not count and _wants_some(stage)]:
        raise CellFailure(
            f"{sum(updates)} updates leave none for {', '.join(idle)} of {len(trains)} stages; "
            "raise them, or set accounting: per-stage"
        )


def _wants_some(stage: Train) -> bool:
    return bool(stage.share if stage.fraction is None else stage.fraction)


def divide_updates(stages: list[Stage], budget: Budget) -> list[int]:
    """Updates of each stage; 0 for a `Relabel`.

    A stage with a `fraction` gets that, rounded; the rest is divided by `share`, largest remainder first.

    Raises
    ------
    CellFailure
        The fractions leave nothing for the other stages, or some of the updates to no stage.
    """
    trains = [stage if isinstance(stage, Train) else None for stage in stages]
    if budget.accounting == "per-stage":
        return [budget.updates if train and _wants_some(train) else 0 for train in trains]
    fixed = [round(budget.updates * train.fraction) if train and train.fraction else 0 for train in trains]
    shares = [train.share if train and train.fraction is None else 0.0 for train in trains]
    rest = budget.updates - sum(fixed)
    if rest < 0 or any(shares) != (rest > 0):
        raise CellFailure(
            f"stages claim {sum(fixed)} of {budget.updates} updates as fractions; the others need the rest"
        )
    return [given + part for given, part in zip(fixed, _by_share(rest, shares))]


def _by_share(updates: int, shares: list[float]) -> list[int]:
    exact = [updates * share / (sum(shares) or 1.0) for share in shares]
    whole = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: updates - sum(whole)]:
        whole[i] += 1
    return whole
