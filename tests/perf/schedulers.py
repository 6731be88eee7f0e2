"""Why the grid runs on an actor pool: what Ray Tune, the pool and bare calls cost per empty trial.

    python tests/perf/schedulers.py [--trials 60 600] [--workers 2]

Each line is measured in a process of its own; the wall time leaves out the start of Ray, the memory is how much
the driver's resident size has grown since then.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import psutil

MEBIBYTE = 2**20


def _bare(trials: int, workers: int) -> None:
    for _ in range(trials):
        _work({})


def _pool(trials: int, workers: int) -> None:
    """What the executor does: each actor is handed the next trial when it has finished one."""
    import ray

    remote: Any = ray.remote(_Actor)
    actors = [remote.remote() for _ in range(workers)]
    running = {actor.run.remote(): actor for actor in actors}
    left = trials - len(running)
    while running:
        done, _ = ray.wait(list(running), num_returns=1)
        actor = running.pop(done[0])
        if left:
            left -= 1
            running[actor.run.remote()] = actor


def _tune(trials: int, workers: int) -> None:
    from ray import tune

    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            _trainable(),
            param_space={"trial": tune.grid_search(list(range(trials)))},
            tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=workers),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        ).fit()


class _Actor:
    def run(self) -> dict[str, Any]:
        return _work({})


def _trainable() -> Any:
    from ray import tune

    class Empty(tune.Trainable):
        def setup(self, config: dict[str, Any]) -> None:
            self.config = config

        def step(self) -> dict[str, Any]:
            return {**_work(self.config), "done": True}

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            return True

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            return None

    return Empty


def _work(config: dict[str, Any]) -> dict[str, Any]:
    return {"dice": 0.5}


SCHEDULERS: dict[str, Callable[[int, int], None]] = {
    "bare calls": _bare,
    "actor pool": _pool,
    "Ray Tune, reuse_actors=True": _tune,
}


def _measure(scheduler: str, trials: int, workers: int) -> dict[str, float]:
    import ray

    ray.init(
        address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
    )
    process = psutil.Process()
    before, started = process.memory_info().rss, time.monotonic()
    SCHEDULERS[scheduler](trials, workers)
    found = {"seconds": time.monotonic() - started, "grown": (process.memory_info().rss - before) / MEBIBYTE}
    ray.shutdown()
    return found


def _in_own_process(scheduler: str, trials: int, workers: int) -> dict[str, float]:
    words = [sys.executable, __file__, "--one", scheduler, "--trials", str(trials), "--workers", str(workers)]
    quiet = os.environ | {"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}
    quiet["RAY_USAGE_STATS_ENABLED"] = "0"
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, env=quiet)
    found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print a markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[60])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one", choices=list(SCHEDULERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_measure(options.one, options.trials[0], options.workers)))
        return
    print("| scheduler | trials | wall seconds | ms per trial | driver grows by MiB |\n|---|---:|---:|---:|---:|")
    for trials in options.trials:
        for name in SCHEDULERS:
            found = _in_own_process(name, trials, options.workers)
            each = 1000 * found["seconds"] / trials
            print(f"| {name} | {trials} | {found['seconds']:.2f} | {each:.1f} | {found['grown']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
