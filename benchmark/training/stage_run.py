"""One training stage: the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..errors import CellFailure
from ..inference.predict import autocast
from ..plugin.method import Method, StepResult
from ..plugin.stages import Train
from ..plugin.view import TrainingView
from ..seeds import stream, stream_seed
from . import checkpoint
from .audit import audit_trust
from .context import Outcome, TrainContext
from .curves import POINTS, Curves
from .optim import Schedule, build_optimisers
from .sampler import PatchSampler, Sampling, sequence_of


class StageRun:
    """One training stage from its start, or from its checkpoint, to its end."""

    def __init__(self, context: TrainContext, method: Method, stage: Train, total: int) -> None:
        self.context, self.method, self.stage, self.total = context, method, stage, total
        self.curves = Curves(1 if context.device.type == "cpu" else 20)
        self.started = self.saved = self.spoken = time.monotonic()
        self.spent = 0.0
        self.row_every = max(total // POINTS, 1)

    def run(self) -> None:
        """Train to the end of the stage and keep its weights."""
        self.train()
        self.finish()

    def train(self) -> None:
        """Train to the end of the stage."""
        try:
            for update in range(self.begin(), self.total):
                if self._stalled(update):
                    break
                self.advance(update)
        finally:
            self.method.eval()
        self._account()
        self.context.outcome.curves += self.curves.rows

    def finish(self) -> None:
        """Keep the stage's weights, drop its checkpoint."""
        state = {"method": self.method.state_dict(), "outcome": vars(self.context.outcome)}
        checkpoint.save(self.context.stage_file(self.stage.name), state)
        self.context.checkpoint_file.unlink(missing_ok=True)

    def begin(self) -> int:
        """Set everything up, from the checkpoint if there is one; returns the first update to make."""
        context, method, stage = self.context, self.method, self.stage
        if stage.start is not None:
            context.load_weights(method, stage.start)
        torch.manual_seed(stream_seed(context.seed, "training", stage.name))
        self.samplers = {name: self._sampler(name, view) for name, view in sequence_of(stage.on)}
        saved = checkpoint.load(context.checkpoint_file, context.device)
        resume = saved is not None and saved["stage"] == stage.name
        if not resume:
            method.begin_stage(stage)
        method.enter_stage(stage)
        self.optimisers = build_optimisers(method, stage, context.budget)
        self.schedule = Schedule(context.budget, self.optimisers)
        self.scaler = torch.amp.GradScaler(context.device.type, enabled=context.budget.precision == "fp16")
        self.step: Callable[[Any, float], StepResult] = getattr(method, stage.step)
        return self._restore(saved) if resume and saved is not None else 0

    def _sampler(self, name: str, view: TrainingView) -> PatchSampler:
        context, stage = self.context, self.stage.name
        if not view.cases:
            which = f" as {name}" if name else ""
            raise CellFailure(f"stage {stage} has no case to train on{which}: is there any of the kind that it needs?")
        rng = stream(context.seed, "batches", stage, name)
        return PatchSampler(context.resolve(view), self._sampling(name), context.device, rng)

    def _sampling(self, name: str) -> Sampling:
        axis, usual = self.stage.slice_axis_of(name), self.context.sampling
        if axis is None:
            return usual
        if usual.slice_axis is None:
            raise CellFailure(f"stage {self.stage.name} cuts slices, but the cell feeds no slices; use view 2d")
        return replace(usual, slice_axis=axis)

    def advance(self, update: int) -> None:
        """Make one update and what is due after it."""
        self._update(update)
        self._after(update + 1)

    def _update(self, update: int) -> None:
        self.schedule.set(update, self.total)
        self.method.train()
        batches = {name: self.samplers[name].next() for name in self._drawn(update)}
        batch = batches.get("", batches)
        progress = update / self.total
        with autocast(self.context.device.type, self.context.budget):
            result = self.step(batch, progress)
        losses = _named(result, self.optimisers)
        self._optimise(losses)
        self.method.after_update(progress)
        self._log(update, losses, batches)

    def _drawn(self, update: int) -> list[str]:
        """Names of the views that an update's batches are drawn from."""
        names = list(self.samplers)
        kinds = len(names) // (self.stage.alternating or len(names))
        return names[update % kinds :: kinds]

    def _optimise(self, losses: dict[str, Tensor]) -> None:
        if not losses:
            return
        gradients = self._gradients(losses)
        for name, found in gradients.items():
            optimiser = self.optimisers[name]
            for parameter, gradient in zip(_driven(optimiser), found):
                parameter.grad = gradient
            if self.context.budget.gradient_clip:
                self.scaler.unscale_(optimiser)
                torch.nn.utils.clip_grad_norm_(_driven(optimiser), self.context.budget.gradient_clip)
            self.scaler.step(optimiser)
        self.scaler.update()
        self.context.outcome.updates += 1

    def _gradients(self, losses: dict[str, Tensor]) -> dict[str, list[Tensor | None]]:
        """Each optimiser's gradients of its own loss alone, all of them taken before any weight moves."""
        for optimiser in self.optimisers.values():
            optimiser.zero_grad(set_to_none=True)
        if len({id(loss) for loss in losses.values()}) == 1:
            torch.autograd.backward(self.scaler.scale(next(iter(losses.values()))))
            return {name: [p.grad for p in _driven(self.optimisers[name])] for name in losses}
        found: dict[str, list[Tensor | None]] = {}
        for name, loss in losses.items():
            scaled = self.scaler.scale(loss)
            found[name] = list(
                torch.autograd.grad(scaled, _driven(self.optimisers[name]), retain_graph=True, allow_unused=True)
            )
        return found

    def _log(self, update: int, losses: dict[str, Tensor], batches: dict[str, Any]) -> None:
        logged, trust = self.method.take_logs()
        distinct = {id(loss): (name, loss) for name, loss in losses.items()}
        named = {"loss" if len(distinct) == 1 else f"loss.{name}": loss for name, loss in distinct.values()}
        self.curves.add(update, named | logged)
        self.context.outcome.passes += self.method.passes
        truth = self.context.hooks.truth
        if trust is not None and truth is not None and (update + 1) % self.row_every == 0:
            name, batch = next(iter(batches.items()))
            rows = audit_trust(trust, batch, self.samplers[name].cut_again(truth), self.method.task.classes)
            facts = {"stage": self.stage.name, "update": update + 1}
            self.context.outcome.trust += [facts | row for row in rows]

    def _after(self, done: int) -> None:
        if done % self.row_every == 0 or done == self.total:
            self.curves.row(self.stage.name, done, self._rate())
        if self.context.hooks.validate is not None and self._validation_due(done):
            score = self.context.hooks.validate(self.method)
            self.schedule.validated(score)
            self.context.validated(self.method, score, self.stage.name, done)
        self._tend(done)

    def _validation_due(self, done: int) -> bool:
        return done % self.context.budget.validate_every == 0 or done == self.total

    def _stalled(self, done: int) -> bool:
        """Whether the budget's patience is over; a resumed stage knows it from its validations."""
        if (patience := self.context.budget.patience) is None:
            return False
        scores = [row for row in self.context.outcome.validations if row["stage"] == self.stage.name]
        best = max(scores, key=lambda row: float(row["validation"]), default={"update": done})
        return done - int(best["update"]) >= patience

    def _rate(self) -> float:
        return float(next(iter(self.optimisers.values())).param_groups[0]["lr"])

    def _tend(self, done: int) -> None:
        now = time.monotonic()
        if now - self.spoken >= 1.0:
            self.spoken = now
            self._speak(done, now)
        if self.context.hooks.deadline is not None and now > self.context.hooks.deadline:
            raise CellFailure(f"out of time at update {done} of {self.total} of stage {self.stage.name}", "timeout")
        if now - self.saved >= self.context.checkpoint_seconds and done < self.total:
            self.saved = now
            self._save(done)

    def _speak(self, done: int, now: float) -> None:
        self.curves.look()
        speed = (self.spent + now - self.started) / done
        facts = {"stage": self.stage.name, "update": done, "total": self.total}
        self.context.hooks.progress(facts | {"loss": self.curves.last_loss, "seconds_per_update": speed})

    def _account(self) -> None:
        now = time.monotonic()
        self.spent += now - self.started
        self.context.outcome.seconds += self.spent

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
            "outcome": vars(self.context.outcome),
            "seconds": self.spent + time.monotonic() - self.started,
        }
        checkpoint.save(self.context.checkpoint_file, state)

    def _restore(self, saved: dict[str, Any]) -> int:
        self.method.load_state_dict(saved["method"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(saved["optimisers"][name])
        self.schedule.load_state_dict(saved["schedule"])
        self.scaler.load_state_dict(saved["scaler"])
        for name, sampler in self.samplers.items():
            sampler.load_state_dict(saved["samplers"][name])
        self.curves.load_state_dict(saved["curves"])
        self.context.outcome = Outcome(**saved["outcome"])
        self.context.outcome.resumed += 1
        self.spent = saved["seconds"]
        checkpoint.set_random_state(saved["random"])
        return int(saved["update"])


def _driven(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _named(result: StepResult, optimisers: dict[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    if result is None:
        return {}
    if isinstance(result, Tensor):
        return dict.fromkeys(optimisers, result)
    unknown = set(result) - set(optimisers)
    if unknown:
        raise CellFailure(f"step returned losses for unknown optimisers: {', '.join(sorted(unknown))}")
    return dict(result)
