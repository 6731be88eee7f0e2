"""What it costs to schedule empty trials: Ray Tune with reused actors, and a plain pool of actors.

    python tests/perf/schedulers.py [--trials 60]

Prints wall seconds and the growth of the driver's memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import psutil

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray import tune


class Empty(tune.Trainable):
    """A trial that does nothing."""

    def setup(self, config: dict[str, Any]) -> None:
        """Nothing to set up."""

    def step(self) -> dict[str, Any]:
        return {"done": True}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        return True


@ray.remote(num_cpus=1)
class Worker:
    """An actor that does nothing."""

    def run(self, index: int) -> int:
        return index


def with_tune(trials: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tune.run(Empty, num_samples=trials, reuse_actors=True, verbose=0, storage_path=folder)


def with_pool(trials: int) -> None:
    pool = ray.util.ActorPool([Worker.remote() for _ in range(2)])
    for _ in pool.map_unordered(lambda actor, index: actor.run.remote(index), range(trials)):
        pass


def measure(name: str, work: Callable[[int], None], trials: int) -> None:
    before, start = psutil.Process().memory_info().rss, time.monotonic()
    work(trials)
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    print(f"| {name} | {trials} | {time.monotonic() - start:.1f} | {grown:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    trials = parser.parse_args().trials
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    print("| scheduler | empty trials | wall, s | driver memory grew by, MiB |\n|---|---|---|---|")
    measure("pool of actors", with_pool, trials)
    measure("Ray Tune, actors reused", with_tune, trials)


if __name__ == "__main__":
    main()
