"""The ray executor: a pool of actors that are kept from cell to cell.

Actors are handed cells one at a time. An actor that dies (crash, killed for memory, node gone) takes
only its own cell along, which is tried again from its checkpoint on another actor.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..cell import Cell
from ..errors import UserError
from ..registry import Registries
from ..store import Status, Store
from .events import Ending, Event
from .lost import lose_cell
from .ray_cluster import connect_for, read_loss, room
from .settings import WorkerSettings

POLL_SECONDS = 0.5
MAX_FAILED_STARTS = 5
NODE_RETRIES = 2
"""Further tries of a cell whose machine went away, which says nothing against the cell."""


class _Actor:
    """The code of one ray actor; torch is imported as it starts."""

    def __init__(self, out: str, settings: WorkerSettings) -> None:
        from .worker import CellWorker

        # a node that is shut down ends the process, not the cell: it is tried again elsewhere
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.worker = CellWorker(Store(Path(out)), Registries(settings.plugins), settings)

    def ready(self) -> None:
        """Answers once the actor has a place and torch is imported."""

    def run(self, cell: str) -> tuple[Ending, bool]:
        """How the cell ended, and whether this actor can run another one."""
        return self.worker.run(Cell.model_validate_json(cell)), self.worker.usable()


@dataclass
class _Task:
    """A cell in the hands of an actor."""

    actor: Any
    cell: Cell
    tries: int
    since: float = field(default_factory=time.monotonic)


class RayExecutor:
    """Runs cells on ray actors, on this machine or on a running cluster.

    Parameters
    ----------
    out
        Output folder; on a cluster all nodes must share it.
    workers
        Cells at a time; None: as many as the CPUs (and GPU shares) allow.
    address
        Of a running cluster; None starts ray on this machine.
    retries
        How often a cell whose worker died is tried again.

    Raises
    ------
    UserError
        Ray does not start, or no machine can run a cell.
    """

    def __init__(
        self, out: Path, settings: WorkerSettings, workers: int | None, address: str | None, retries: int
    ) -> None:
        self.out = out.resolve()
        self.settings = settings
        self.retries = retries
        self._wanted = workers
        self._idle: list[Any] = []
        self._starting: dict[Any, Any] = {}
        self._running: dict[Any, _Task] = {}
        self._failed_starts = 0
        self.ray = connect_for(address, workers, settings)
        self.workers = self._capacity()

    def _capacity(self) -> int:
        """Actors to have, given the nodes that are alive now."""
        fits = max(room(self.ray, self.settings), 1)
        return min(fits, self._wanted) if self._wanted else fits

    def _new_actor(self) -> Any:
        variables = {"OMP_NUM_THREADS": str(self.settings.threads), "MKL_NUM_THREADS": str(self.settings.threads)}
        remote = self.ray.remote(_Actor).options(
            num_cpus=self.settings.threads,
            num_gpus=self.settings.gpus,
            max_restarts=0,
            runtime_env={"env_vars": variables},
        )
        return remote.remote(str(self.out), self.settings)

    def run(self, cells: Sequence[Cell]) -> Iterator[Event]:
        """See `Executor.run`. Only an actor that has found its place is handed a cell."""
        waiting = deque((cell, 0) for cell in cells)
        while waiting or self._running:
            self._start_actors(len(waiting))
            while waiting and self._idle:
                cell, tries = waiting.popleft()
                self._give(cell, tries)
                yield Event("started", cell)
            for reference in self._wait():
                if reference in self._starting:
                    self._placed(reference)
                    continue
                task = self._running.pop(reference)
                event = self._outcome(reference, task)
                if event.kind == "retried":
                    waiting.appendleft((task.cell, task.tries + 1))
                yield event
            yield from self._end_hanging()

    def _start_actors(self, waiting: int) -> None:
        """As many actors as fit, but no more than there are cells for."""
        alive = len(self._running) + len(self._idle) + len(self._starting)
        for _ in range(min(self._capacity() - alive, waiting - len(self._idle) - len(self._starting))):
            actor = self._new_actor()
            self._starting[actor.ready.remote()] = actor

    def _give(self, cell: Cell, tries: int) -> None:
        actor = self._idle.pop()
        self._running[actor.run.remote(cell.model_dump_json())] = _Task(actor, cell, tries)

    def _wait(self) -> list[Any]:
        references = [*self._running, *self._starting]
        finished, _ = self.ray.wait(references, num_returns=1, timeout=POLL_SECONDS)
        return list(finished)

    def _placed(self, reference: Any) -> None:
        from ray.exceptions import RayError

        actor = self._starting.pop(reference)
        try:
            self.ray.get(reference)
        except RayError as error:
            self._discard(actor)
            self._failed_starts += 1
            if self._failed_starts > MAX_FAILED_STARTS:
                raise UserError(f"ray workers do not start: {' '.join(str(error).split())[:500]}") from error
        else:
            self._idle.append(actor)

    def _outcome(self, reference: Any, task: _Task) -> Event:
        """What became of a task; its actor is kept if it can go on."""
        from ray.exceptions import RayError

        try:
            ending, usable = self.ray.get(reference)
        except RayError as error:
            self._discard(task.actor)
            loss = read_loss(error)
            if task.tries < self.retries + (NODE_RETRIES if loss.node else 0):
                return Event("retried", task.cell, note=loss.cause)
            return self._lost(task, loss.status, loss.cause)
        if usable:
            self._idle.append(task.actor)
        else:
            self._discard(task.actor)
        return Event("ended", task.cell, *ending)

    def _end_hanging(self) -> Iterator[Event]:
        """End the cells that did not end by themselves, long after their timeout."""
        patience = self.settings.patience_seconds
        if patience is None:
            return
        for reference, task in list(self._running.items()):
            if time.monotonic() - task.since > patience:
                del self._running[reference]
                self._discard(task.actor)
                yield self._lost(task, "timeout", f"out of time: not ended after {patience:.0f} s")

    def _lost(self, task: _Task, status: Status, cause: str) -> Event:
        return Event("ended", task.cell, *lose_cell(Store(self.out), task.cell, status, cause))

    def _discard(self, actor: Any) -> None:
        with contextlib.suppress(Exception):
            self.ray.kill(actor)

    def stop(self) -> None:
        """See `Executor.stop`; a cluster that was joined goes on running."""
        self.ray.shutdown()
