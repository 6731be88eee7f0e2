"""The trainer: runs a method's stages; owns the loop, autocast, schedules, checkpoints and resume."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..budget import Budget
from ..errors import CellFailure
from ..plugin.method import Method, StepResult
from ..plugin.stages import Relabel, Stage, Train
from ..plugin.view import TrainingView
from ..seeds import stream, stream_seed
from . import checkpoint
from .audit import audit_trust
from .curves import POINTS, Curves
from .optim import Schedule, build_optimisers
from .relabel import apply_labels, relabel
from .sampler import PatchSampler, Sampling, sequence_of


@dataclass
class Hooks:
    """What the harness wants to hear or to be asked during training.

    Attributes
    ----------
    progress
        Called now and then with `{stage, update, total, loss, seconds_per_update}`.
    validate
        Score of the method on the validation part, higher is better; None for no validation.
    truth
        Clean labels by case id, to audit a method's weights; None where they are not known.
    deadline
        `time.monotonic()` after which the cell ends with status `timeout`.
    """

    progress: Callable[[dict[str, Any]], None] = lambda facts: None
    validate: Callable[[Method], float] | None = None
    truth: Mapping[str, np.ndarray] | None = None
    deadline: float | None = None


@dataclass
class Outcome:
    """What training leaves beside the weights.

    Attributes
    ----------
    updates, passes
        Optimiser steps taken, and network passes they needed.
    trust
        Rows of `audit_trust` with stage and update.
    selected
        `{update, score}` of the chosen weights where validation chose them.
    """

    updates: int = 0
    passes: float = 0.0
    seconds: float = 0.0
    resumed: int = 0
    curves: list[dict[str, Any]] = field(default_factory=list)
    trust: list[dict[str, Any]] = field(default_factory=list)
    selected: dict[str, Any] = field(default_factory=dict)


@dataclass
class Trainer:
    """Trains one method in one cell.

    Parameters
    ----------
    sampling
        How patches are drawn.
    folder
        Where the checkpoint and the outputs of finished stages are kept.
    select
        Whether the weights of the best validation replace the last ones.
    checkpoint_seconds
        Wall-clock time between checkpoints.
    """

    budget: Budget
    sampling: Sampling
    device: torch.device
    seed: int
    folder: Path
    hooks: Hooks = field(default_factory=Hooks)
    select: bool = False
    checkpoint_seconds: float = 20.0

    def fit(self, method: Method, view: TrainingView) -> Outcome:
        """Run all stages that are not done yet; the method ends with the weights to predict with."""
        stages = list(method.stages(view))
        self.outcome = Outcome()
        shares = divide_updates(stages, self.budget)
        for index, stage in enumerate(stages):
            if self._restore_finished(method, stage):
                continue
            if isinstance(stage, Relabel):
                self._relabel(method, stage)
            else:
                _StageRun(self, method, stage, shares[index]).run()
        if self.select:
            self._take_best(method)
        return self.outcome

    def stage_file(self, name: str) -> Path:
        """Output of a finished stage."""
        return self.folder / "stages" / f"{name}.pt"

    def _restore_finished(self, method: Method, stage: Stage) -> bool:
        done = checkpoint.load(self.stage_file(stage.name), self.device)
        if done is None:
            return False
        if isinstance(stage, Train):
            method.load_state_dict(done["method"])
            self.outcome = Outcome(**done["outcome"])
            self.outcome.resumed += 1
        return True

    def finish_stage(self, method: Method, stage: Train) -> None:
        """Keep the stage's weights, drop its checkpoint."""
        state = {"method": method.state_dict(), "outcome": vars(self.outcome)}
        checkpoint.save(self.stage_file(stage.name), state)
        (self.folder / "checkpoint.pt").unlink(missing_ok=True)

    def resolve(self, view: TrainingView) -> TrainingView:
        """The view with the labels that its cases take from earlier stages."""
        return apply_labels(view, lambda name: checkpoint.load(self.stage_file(name)))

    def _relabel(self, method: Method, stage: Relabel) -> None:
        weights = []
        for name in stage.by:
            done = checkpoint.load(self.stage_file(name), self.device)
            if done is None:
                raise CellFailure(f"stage {stage.name} needs the weights of stage {name}, which is not done")
            weights.append(done["method"])
        labels = relabel(method, weights, stage, self.budget, self.sampling, self.device)
        checkpoint.save(self.stage_file(stage.name), {"labels": labels})

    @property
    def best_file(self) -> Path:
        """Weights of the best validation so far."""
        return self.folder / "stages" / "best-validation.pt"

    def validated(self, method: Method, score: float, update: int) -> None:
        """Keep the weights when the score beats all before."""
        if self.select and score > self.outcome.selected.get("score", float("-inf")):
            self.outcome.selected = {"update": update, "score": score}
            checkpoint.save(self.best_file, {"method": method.state_dict()})

    def _take_best(self, method: Method) -> None:
        best = checkpoint.load(self.best_file, self.device)
        if best is not None:
            method.load_state_dict(best["method"])


class _StageRun:
    """One training stage from its start, or from its checkpoint, to its end."""

    def __init__(self, trainer: Trainer, method: Method, stage: Train, total: int) -> None:
        self.trainer, self.method, self.stage, self.total = trainer, method, stage, total
        self.curves = Curves(1 if trainer.device.type == "cpu" else 20)
        self.started = self.saved = self.spoken = time.monotonic()
        self.spent = 0.0
        self.row_every = max(total // POINTS, 1)

    def run(self) -> None:
        first = self._begin()
        try:
            for update in range(first, self.total):
                self._update(update)
                self._after(update + 1)
        finally:
            self.method.eval()
        self._account()
        self.trainer.outcome.curves += self.curves.rows
        self.trainer.finish_stage(self.method, self.stage)

    def _begin(self) -> int:
        trainer, method, stage = self.trainer, self.method, self.stage
        if stage.start is not None:
            method.load_state_dict(checkpoint.load(trainer.stage_file(stage.start), trainer.device)["method"])  # type: ignore[index]
        torch.manual_seed(stream_seed(trainer.seed, "training", stage.name))
        self.samplers = {
            name: PatchSampler(
                trainer.resolve(view),
                trainer.sampling,
                trainer.device,
                stream(trainer.seed, "batches", stage.name, name),
            )
            for name, view in sequence_of(stage.on)
        }
        saved = checkpoint.load(trainer.folder / "checkpoint.pt", trainer.device)
        resume = saved is not None and saved["stage"] == stage.name
        if not resume:
            method.begin_stage(stage)
        self.optimisers = build_optimisers(method, stage, trainer.budget)
        self.schedule = Schedule(trainer.budget, self.optimisers)
        self.scaler = torch.amp.GradScaler(trainer.device.type, enabled=trainer.budget.precision == "fp16")
        self.step: Callable[[Any, float], StepResult] = getattr(method, stage.step)
        return self._restore(saved) if resume and saved is not None else 0

    def _update(self, update: int) -> None:
        self.schedule.set(update, self.total)
        self.method.train()
        batches = {name: sampler.next() for name, sampler in self.samplers.items()}
        batch = batches.get("", batches)
        progress = update / self.total
        with autocast(self.trainer.device, self.trainer.budget):
            result = self.step(batch, progress)
        losses = _named(result, self.optimisers)
        self._optimise(losses)
        self.method.after_update(progress)
        self._log(update, losses, batches)

    def _optimise(self, losses: dict[str, Tensor]) -> None:
        if not losses:
            return
        for optimiser in self.optimisers.values():
            optimiser.zero_grad(set_to_none=True)
        distinct = list({id(loss): loss for loss in losses.values()}.values())
        total = self.scaler.scale(sum(distinct[1:], distinct[0]))
        total.backward()  # type: ignore[no-untyped-call]
        for name in losses:
            optimiser = self.optimisers[name]
            if self.trainer.budget.gradient_clip:
                self.scaler.unscale_(optimiser)
                parameters = [p for group in optimiser.param_groups for p in group["params"]]
                torch.nn.utils.clip_grad_norm_(parameters, self.trainer.budget.gradient_clip)
            self.scaler.step(optimiser)
        self.scaler.update()
        self.trainer.outcome.updates += 1

    def _log(self, update: int, losses: dict[str, Tensor], batches: dict[str, Any]) -> None:
        logged, trust = self.method.take_logs()
        distinct = {id(loss): (name, loss) for name, loss in losses.items()}
        named = {"loss" if len(distinct) == 1 else f"loss.{name}": loss for name, loss in distinct.values()}
        self.curves.add(update, named | logged)
        self.trainer.outcome.passes += self.method.passes
        truth = self.trainer.hooks.truth
        if trust is not None and truth is not None and (update + 1) % self.row_every == 0:
            name, batch = next(iter(batches.items()))
            rows = audit_trust(trust, batch, self.samplers[name].cut_again(truth), self.method.task.classes)
            facts = {"stage": self.stage.name, "update": update + 1}
            self.trainer.outcome.trust += [facts | row for row in rows]

    def _after(self, done: int) -> None:
        if done % self.row_every == 0 or done == self.total:
            self.curves.row(self.stage.name, done, self._rate())
        if self.trainer.hooks.validate is not None and self._validation_due(done):
            score = self.trainer.hooks.validate(self.method)
            self.schedule.validated(score)
            self.trainer.validated(self.method, score, done)
        self._tend(done)

    def _validation_due(self, done: int) -> bool:
        return done % self.trainer.budget.validate_every == 0 or done == self.total

    def _rate(self) -> float:
        return float(next(iter(self.optimisers.values())).param_groups[0]["lr"])

    def _tend(self, done: int) -> None:
        now = time.monotonic()
        if now - self.spoken >= 1.0:
            self.spoken = now
            self._speak(done, now)
        if self.trainer.hooks.deadline is not None and now > self.trainer.hooks.deadline:
            raise CellFailure(f"out of time at update {done} of {self.total} of stage {self.stage.name}", "timeout")
        if now - self.saved >= self.trainer.checkpoint_seconds and done < self.total:
            self.saved = now
            self._save(done)

    def _speak(self, done: int, now: float) -> None:
        self.curves.look()
        speed = (self.spent + now - self.started) / done
        facts = {"stage": self.stage.name, "update": done, "total": self.total}
        self.trainer.hooks.progress(facts | {"loss": self.curves.last_loss, "seconds_per_update": speed})

    def _account(self) -> None:
        now = time.monotonic()
        self.spent += now - self.started
        self.trainer.outcome.seconds += self.spent

    def _save(self, done: int) -> None:
        state = {
            "stage": self.stage.name,
            "update": done,
            "method": self.method.state_dict(),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "samplers": {name: sampler.state_dict() for name, sampler in self.samplers.items()},
            "random": checkpoint.random_state(),
            "curves": self.curves.state_dict(),
            "outcome": vars(self.trainer.outcome),
            "seconds": self.spent + time.monotonic() - self.started,
        }
        checkpoint.save(self.trainer.folder / "checkpoint.pt", state)

    def _restore(self, saved: dict[str, Any]) -> int:
        self.method.load_state_dict(saved["method"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(saved["optimisers"][name])
        self.schedule.load_state_dict(saved["schedule"])
        self.scaler.load_state_dict(saved["scaler"])
        for name, sampler in self.samplers.items():
            sampler.load_state_dict(saved["samplers"][name])
        self.curves.load_state_dict(saved["curves"])
        self.trainer.outcome = Outcome(**saved["outcome"])
        self.trainer.outcome.resumed += 1
        self.spent = saved["seconds"]
        checkpoint.set_random_state(saved["random"])
        return int(saved["update"])


def autocast(device: torch.device, budget: Budget) -> torch.autocast:
    """The precision of the budget, for training and prediction alike."""
    dtype = torch.float16 if budget.precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=budget.precision != "fp32")


def divide_updates(stages: list[Stage], budget: Budget) -> list[int]:
    """Updates of each stage: the budget divided by share, largest remainder first; 0 for a `Relabel`."""
    shares = [stage.share if isinstance(stage, Train) else 0.0 for stage in stages]
    if budget.accounting == "per-stage":
        return [budget.updates if share else 0 for share in shares]
    exact = [budget.updates * share / sum(shares) for share in shares]
    whole = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: budget.updates - sum(whole)]:
        whole[i] += 1
    return whole


def _named(result: StepResult, optimisers: dict[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    if result is None:
        return {}
    if isinstance(result, Tensor):
        return dict.fromkeys(optimisers, result)
    unknown = set(result) - set(optimisers)
    if unknown:
        raise CellFailure(f"step returned losses for unknown optimisers: {', '.join(sorted(unknown))}")
    return dict(result)
