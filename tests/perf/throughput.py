"""Training throughput against a bare hand-written loop over the same network, batch and precision.

    python tests/perf/throughput.py [--blocks 7]

The bare loop sees pre-cut tensors; nsbench's trainer cuts, augments, logs and looks for NaN. Both run in
turn, block by block, in one process on one thread; the ratio of each pair of blocks is what counts. The
last case is the work that PyMIC needs 0.90-1.00 s for (U-Net 16-256, batch 8 x 224 x 224), so that its
ratio can be read off against the bare fp32 loop of the same run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from nsbench.benchmark.budget import Budget, resolve_budget
from nsbench.benchmark.inference.predict import autocast
from nsbench.benchmark.plugin import Task, Train, TrainingCase, TrainingView
from nsbench.benchmark.plugin.method import Builder, Method
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.training.context import TrainContext
from nsbench.benchmark.training.sampler import Sampling
from nsbench.benchmark.training.stage_run import StageRun

CPU = torch.device("cpu")
PYMIC_SECONDS = (0.90, 1.00)
"""Seconds per update of PyMIC on this work, 16-256 U-Net, where the bare fp32 loop took 0.69 s."""
CASES: dict[str, tuple[Budget, int]] = {
    "quick, 2-D 128x128, batch 8, bf16": (resolve_budget("quick", 2), 12),
    "quick, 3-D 48x48x32, batch 2, bf16": (resolve_budget("quick", 3), 8),
    "PyMIC's work, 224x224, batch 8, fp32": (
        resolve_budget("quick", 2, {"patch": (224, 224), "width": 16, "precision": "fp32"}),
        2,
    ),
    "PyMIC's work, 224x224, batch 8, bf16": (resolve_budget("quick", 2, {"patch": (224, 224), "width": 16}), 3),
}


def view_of(budget: Budget) -> TrainingView:
    """Sixteen noise images, a little larger than a patch, with a ball as label."""
    rng = np.random.default_rng(0)
    shape = tuple(side + 16 for side in budget.patch)
    distance = sum((np.arange(side).reshape([-1 if a == i else 1 for a in range(len(shape))]) - side / 2) ** 2
                   for i, side in enumerate(shape))  # fmt: skip
    label = (distance < (min(shape) / 4) ** 2).astype(np.uint8)
    cases = [
        TrainingCase(str(i), rng.normal(size=(1, *shape)).astype(np.float32), label, None, (1.0,) * len(shape))
        for i in range(16)
    ]
    return TrainingView(tuple(cases))


def build(budget: Budget, task: Task) -> Method:
    """Cross-entropy with the default U-Net."""
    registries = Registries()
    network = registries.networks.get("unet").load()
    params = network.Params(width=budget.width)
    method_class = registries.methods.get("ce").load()
    method: Method = method_class(method_class.Params(), task, task.ndim)
    method.setup(Builder(lambda: network(1, 2, task.ndim, params), lambda i: i))
    return method.to(memory_format=torch.channels_last if task.ndim == 2 else torch.channels_last_3d)


def ours(budget: Budget, folder: Path) -> Callable[[int], None]:
    """nsbench's stage, `n` updates at a time."""
    task = Task("ball", ("ball",), ndim=len(budget.patch), flips=(0,))  # type: ignore[arg-type]
    sampling = Sampling(budget.patch, budget.batch_size, budget.foreground, budget.augmentation, task.flips, None, 2)
    view = view_of(budget)
    run = StageRun(TrainContext(budget, sampling, CPU, 0, folder), build(budget, task), Train("train", on=view), 10**6)
    position = run.begin()

    def block(updates: int) -> None:
        nonlocal position
        for _ in range(updates):
            run.advance(position)
            position += 1

    return block


def bare(budget: Budget) -> Callable[[int], None]:
    """The loop that anybody would write."""
    ndim = len(budget.patch)
    method = build(budget, Task("ball", ("ball",), ndim=ndim))  # type: ignore[arg-type]
    network = method.network
    optimiser = torch.optim.Adam(network.parameters(), lr=budget.learning_rate, fused=True)
    layout = torch.channels_last if ndim == 2 else torch.channels_last_3d
    image = torch.randn(budget.batch_size, 1, *budget.patch).contiguous(memory_format=layout)
    label = (torch.rand(budget.batch_size, *budget.patch) < 0.1).long()
    network.train()

    def block(updates: int) -> None:
        for _ in range(updates):
            with autocast("cpu", budget):
                logits = network(image)
            loss = torch.nn.functional.cross_entropy(logits.float(), label)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    return block


def seconds(block: Callable[[int], None], updates: int) -> float:
    """Processor seconds per update."""
    before = time.process_time()
    block(updates)
    return (time.process_time() - before) / updates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=7)
    blocks = parser.parse_args().blocks
    torch.set_num_threads(1)
    print("| work | bare loop, s | nsbench, s | throughput of the bare loop | range |\n|---|---|---|---|---|")
    for name, (budget, updates) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            theirs, mine = bare(budget), ours(budget, Path(folder))
            theirs(1), mine(1)
            pairs = [(seconds(theirs, updates), seconds(mine, updates)) for _ in range(blocks)]
        ratios = [a / b for a, b in pairs]
        a, b = (statistics.median(column) for column in zip(*pairs))
        spread = f"{min(ratios):.3f}-{max(ratios):.3f}"
        print(f"| {name} | {a:.3f} | {b:.3f} | {statistics.median(ratios):.3f} | {spread} |", flush=True)
        if name.endswith("fp32"):
            scaled = [f"{value * a / 0.69:.2f}" for value in PYMIC_SECONDS]
            print(f"| PyMIC, scaled by this run's bare loop (0.69 s there) | | {'-'.join(scaled)} | | |")


if __name__ == "__main__":
    main()
