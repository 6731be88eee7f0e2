"""The ray executor: a pool of actors that are kept from cell to cell.

Actors are handed cells one at a time. An actor that dies (crash, killed for memory, node gone) takes
only its own cell along, which is tried again from its checkpoint on another actor.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..cell import Cell
from ..errors import UserError
from ..registry import Registries
from ..store import Store
from .events import Event
from .lost import record_lost_cell
from .settings import WorkerSettings

POLL_SECONDS = 0.5
MAX_FAILED_STARTS = 5


class _Actor:
    """The code of one ray actor; torch is imported with the first cell."""

    def __init__(self, out: str, settings: WorkerSettings) -> None:
        from .worker import CellWorker

        self.worker = CellWorker(Store(Path(out)), Registries(settings.plugins), settings)

    def ready(self) -> None:
        """Answers once the actor has a place and torch is imported."""

    def run(self, cell: str) -> str:
        return self.worker.run(Cell.model_validate_json(cell))


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
    """

    def __init__(
        self, out: Path, settings: WorkerSettings, workers: int | None, address: str | None, retries: int
    ) -> None:
        self.out = out.resolve()
        self.settings = settings
        self.address = address
        self.retries = retries
        self._wanted = workers
        self._idle: list[Any] = []
        self._starting: dict[Any, Any] = {}
        self._running: dict[Any, tuple[Any, Cell, int]] = {}
        self._failed_starts = 0
        self._start()
        self.workers = self._capacity()

    def _start(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        self.ray = ray
        common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "ignore_reinit_error": True}
        try:
            if self.address:
                ray.init(address=self.address, **common)
            else:
                cpus = (self._wanted or 0) * self.settings.threads or None
                ray.init(include_dashboard=False, num_cpus=cpus, **common)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"ray does not start: {error}; check --address, or use --executor inline") from error

    def _capacity(self) -> int:
        """Actors that fit into the cluster as it is now."""
        resources: dict[str, float] = self.ray.cluster_resources()  # type: ignore[no-untyped-call]
        fits = int(resources.get("CPU", 0) // self.settings.threads)
        if self.settings.gpus:
            fits = min(fits, int(resources.get("GPU", 0) / self.settings.gpus))
        fits = max(fits, 1)
        return min(fits, self._wanted) if self._wanted and not self.address else fits

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
                actor, cell, tries = self._running.pop(reference)
                event = self._outcome(reference, cell, tries)
                if event.kind == "retried":
                    waiting.appendleft((cell, tries + 1))
                if event.note:
                    self._discard(actor)
                else:
                    self._idle.append(actor)
                yield event

    def _start_actors(self, waiting: int) -> None:
        """As many actors as fit, but no more than there are cells for."""
        most = min(self._capacity(), self._wanted or 2**31)
        alive = len(self._running) + len(self._idle) + len(self._starting)
        for _ in range(min(most - alive, waiting - len(self._idle) - len(self._starting))):
            actor = self._new_actor()
            self._starting[actor.ready.remote()] = actor

    def _give(self, cell: Cell, tries: int) -> None:
        actor = self._idle.pop()
        self._running[actor.run.remote(cell.model_dump_json())] = (actor, cell, tries)

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

    def _outcome(self, reference: Any, cell: Cell, tries: int) -> Event:
        from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError

        try:
            return Event("ended", cell, self.ray.get(reference))
        except RayError as error:
            cause = " ".join(str(error).split())[:300]
            memory = isinstance(error, OutOfMemoryError) or "OutOfMemory" in cause or "low on memory" in cause
            node = isinstance(error, NodeDiedError) or ("node" in cause.lower() and "died" in cause.lower())
            if tries < self.retries + (2 if node else 0):
                return Event("retried", cell, note=cause)
            status = record_lost_cell(Store(self.out), cell, "oom" if memory else "failed", cause)
            return Event("ended", cell, status, note=cause)

    def _discard(self, actor: Any) -> None:
        with contextlib.suppress(Exception):
            self.ray.kill(actor)

    def stop(self) -> None:
        """See `Executor.stop`; a cluster that was joined goes on running."""
        self.ray.shutdown()
