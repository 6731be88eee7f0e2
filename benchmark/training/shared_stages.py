"""Training a stage that several cells share, or taking it from the one that trained it."""

from __future__ import annotations

import operator
from functools import partial, reduce
from itertools import repeat
from typing import Any

from ..plugin.method import Method
from . import checkpoint
from .context import Outcome, TrainContext
from .described import Indescribable, attributes_of
from .sampler import sequence_of
from .shared import Sharing, patience
from .stage_code import digest_of
from .stage_key import stage_key
from .stage_run import StageRun


class SharedStages:
    """The shared stages of one method's training; made before the first, when the method is as `setup` left it."""

    def __init__(self, context: TrainContext, sharing: Sharing, method: Method) -> None:
        self.context, self.sharing = context, sharing
        try:
            self.kept: dict[str, Any] | None = attributes_of(method, partial(digest_of, folder=sharing.code))
        except Indescribable:
            self.kept = None

    def run(self, run: StageRun) -> None:
        """Train a stage, or take what another cell trained; the cell's record is the same either way."""
        context, stage = self.context, run.stage
        if stage.start is not None:
            context.load_weights(run.method, stage.start)
        key = self._key(run)
        if key is None:
            run.run()
            return
        before = context.outcome
        with self.sharing.alone(key, patience(context.hooks, stage.name, run.total)):
            done = self.sharing.load(key, context.device)
            if done is None:
                self._train(run, key)
            else:
                self._take(run, done)
        context.outcome = before.then(context.outcome)
        run.finish()

    def _key(self, run: StageRun) -> str | None:
        """None where it cannot be told whether another cell's stage is the same: it is then the cell's own."""
        sharing, context, stage = self.sharing, self.context, run.stage
        if self.kept is None:
            return None
        views = {name: context.resolve(view) for name, view in sequence_of(stage.on)}
        known = (sharing.identity, sharing.code, run.method, self.kept, stage, views, run.total, context.device)
        try:
            return stage_key(*known)
        except Indescribable:
            return None

    def _train(self, run: StageRun, key: str) -> None:
        self.context.outcome = Outcome()
        run.train()
        own = {"resumed": 0, "shared": []}
        done = {"method": run.method.state_dict(), "outcome": vars(self.context.outcome) | own}
        checkpoint.save(self.sharing.path(key), done)

    def _take(self, run: StageRun, done: dict[str, Any]) -> None:
        method = run.method
        method.load_state_dict(done["method"])
        method.enter_stage(run.stage)
        method.eval()
        # added up as in training: methods of one stage may differ in what its updates cost
        passes = reduce(operator.add, repeat(method.passes, run.total), 0.0)
        self.context.outcome = Outcome(**done["outcome"] | {"shared": [run.stage.name], "passes": passes})
