"""What the trainer and its stages share: budget, device, hooks, outcome, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..budget import Budget
from ..errors import CellFailure
from ..plugin.method import Method
from ..plugin.view import TrainingView
from . import checkpoint
from .relabel import apply_labels
from .sampler import Sampling
from .shared import Sharing


@dataclass
class Hooks:
    """What the harness wants to hear or to be asked during training.

    Attributes
    ----------
    progress
        Called now and then with `{stage, update, total, loss, seconds_per_update}`.
    validate
        Score of the method on the validation part, higher is better; None for no validation.
    validated
        Called after every validation with all scores so far; may raise `Pruned`.
    truth
        Clean labels by case id, to audit a method's weights; None where they are not known.
    deadline
        `time.monotonic()` after which the cell ends with status `timeout`.
    """

    progress: Callable[[dict[str, Any]], None] = lambda facts: None
    validate: Callable[[Method], float] | None = None
    validated: Callable[[Sequence[float]], None] = lambda scores: None
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
        `{stage, update, score}` of the chosen weights where validation chose them.
    validations
        Rows `{stage, update, validation}`.
    shared
        Names of the stages that another cell trained.
    """

    updates: int = 0
    passes: float = 0.0
    seconds: float = 0.0
    resumed: int = 0
    curves: list[dict[str, Any]] = field(default_factory=list)
    trust: list[dict[str, Any]] = field(default_factory=list)
    selected: dict[str, Any] = field(default_factory=dict)
    validations: list[dict[str, Any]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)

    def then(self, stage: Outcome) -> Outcome:
        """This, and what one more stage left; nothing was validated in it."""
        return Outcome(
            updates=self.updates + stage.updates,
            passes=self.passes + stage.passes,
            seconds=self.seconds + stage.seconds,
            resumed=self.resumed + stage.resumed,
            curves=self.curves + stage.curves,
            trust=self.trust + stage.trust,
            selected=self.selected,
            validations=self.validations,
            shared=self.shared + stage.shared,
        )


@dataclass
class TrainContext:
    """One method's training in one cell.

    Attributes
    ----------
    sampling
        How patches are drawn.
    folder
        Where the checkpoint and the outputs of finished stages are kept.
    select
        Whether the weights of the best validation replace the last ones.
    tested
        Name of the stage whose weights are the method's: validations of earlier ones select nothing.
    checkpoint_seconds
        Wall-clock time between checkpoints.
    sharing
        Where stages lie that several cells share; None: every cell trains all of its own.
    """

    budget: Budget
    sampling: Sampling
    device: torch.device
    seed: int
    folder: Path
    hooks: Hooks = field(default_factory=Hooks)
    select: bool = False
    tested: str = ""
    checkpoint_seconds: float = 20.0
    outcome: Outcome = field(default_factory=Outcome)
    sharing: Sharing | None = None

    @property
    def checkpoint_file(self) -> Path:
        """State of the running stage."""
        return self.folder / "checkpoint.pt"

    @property
    def best_file(self) -> Path:
        """Weights of the best validation so far."""
        return self.folder / "stages" / "best-validation.pt"

    def stage_file(self, name: str) -> Path:
        """Output of a finished stage."""
        return self.folder / "stages" / f"{name}.pt"

    def resolve(self, view: TrainingView) -> TrainingView:
        """The view with the labels that its cases take from earlier stages."""
        return apply_labels(view, lambda name: checkpoint.load(self.stage_file(name)))

    def load_weights(self, method: Method, stage: str) -> None:
        """Give the method the weights that a finished stage left."""
        weights = self.weights_of(stage)
        if weights is None:
            raise CellFailure(f"the weights of stage {stage} are asked for, but it is not done")
        method.load_state_dict(weights)

    def weights_of(self, stage: str) -> Mapping[str, Any] | None:
        """A finished stage's weights, of the tested one those that were selected; None where it is not done."""
        chosen = checkpoint.load(self.best_file, self.device) if self.select and stage == self.tested else None
        done = chosen or checkpoint.load(self.stage_file(stage), self.device)
        return None if done is None else done["method"]

    def validated(self, method: Method, score: float, stage: str, update: int) -> None:
        """Note the score, and keep the weights when it beats all before of the tested stage."""
        self.outcome.validations.append({"stage": stage, "update": update, "validation": score})
        best = self.outcome.selected if self.outcome.selected.get("stage") == stage else {"score": float("-inf")}
        if self.select and stage == self.tested and score > best["score"]:
            self.outcome.selected = {"stage": stage, "update": update, "score": score}
            checkpoint.save(self.best_file, {"method": method.state_dict()})
        self.hooks.validated([row["validation"] for row in self.outcome.validations])
