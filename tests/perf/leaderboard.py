"""A leaderboard from many records: time and peak memory, each step in a process of its own.

    python tests/perf/leaderboard.py [RECORDS]

The records are written without running anything: every cell has a folder, a plan entry, `record.json` and
`provenance.json` of its own, as the harness writes them; its `cases.parquet` (20 cases, one class, all
metrics) is a hard link to one of 200 files with different scores. Reading goes the usual way: each file is
opened, checked against its digest and parsed. The grid: 10 datasets x 4 ratios x 10 seeds, the rest methods.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from nsbench.benchmark.budget import resolve_budget
from nsbench.benchmark.cell import Cell, Chosen, ChosenDataset, Identity, Noisy
from nsbench.benchmark.digest import file_digest
from nsbench.benchmark.metrics import METRICS
from nsbench.benchmark.store import Noise, Provenance, Record, Result, Store

CASES, TABLES = 20, 200
DATASETS, RATIOS, SEEDS = 10, (0.0, 0.25, 0.5, 0.75), 10


def cells(count: int) -> Iterator[Cell]:
    """The first `count` cells of the grid, seed by seed."""
    methods = range(-(-count // (DATASETS * len(RATIOS) * SEEDS)))
    axes = product(range(SEEDS), range(DATASETS), RATIOS, methods)
    for _, (seed, dataset, ratio, method) in zip(range(count), axes):
        identity = Identity(
            dataset=ChosenDataset(name=f"data{dataset}", task="heart", fingerprint="f" * 64, code="c" * 64),
            fold=0,
            folds=5,
            supervision=Noisy(noise=Chosen(name="erode-dilate", params={"low": 3, "high": 9}), ratio=ratio),
            method=Chosen(name=f"method{method}", params={"gamma": 1.5, "tau": 0.7}, code="m" * 64),
            network=Chosen(name="unet", params={"width": None}, code="n" * 64),
            view="2d",
            budget=resolve_budget("quick", 2),
            selection="last",
            seed=seed,
        )
        label = "erode-dilate" if ratio else "clean"
        yield Cell(identity=identity, label=f"method{method}", dataset_label=f"data{dataset}", noise_label=label)


def write_tables(folder: Path) -> list[Path]:
    """Per-case tables with different scores."""
    rng = np.random.default_rng(0)
    about = {"patient": [f"p{i}" for i in range(CASES)], "class": 1, "class_name": "heart", "empty": ""}
    counts = dict.fromkeys(("tp", "fp", "fn", "truth_voxels", "prediction_voxels"), 100)
    paths = []
    for number in range(TABLES):
        paths.append(folder / f"table{number}.parquet")
        scores = {name: rng.random(CASES) for name in METRICS}
        frame = pd.DataFrame({"case": [f"case{i}" for i in range(CASES)]} | about | scores | counts)
        frame.to_parquet(paths[-1], index=False)
    return paths


def write_store(out: Path, count: int) -> None:
    """A finished grid."""
    tables = write_tables(out)
    digests = [file_digest(path) for path in tables]
    planned = list(cells(count))
    Store(out).write_plan({"name": "perf"}, planned, [])
    noise = Noise(corrupted=[f"case{i}" for i in range(40)], dice_mean=0.8, dice_std=0.05, masks="a" * 64)
    result = Result(status="done", updates=600, passes=600, parameters=10**6, classes=["heart"], noise=noise)
    result = result.model_copy(update={"train_cases": 80, "test_cases": CASES, "split": "5-fold by patient"})
    shared = result.model_dump(mode="json")
    about = Provenance(
        nsbench="0.1.0",
        host="host",
        device="cpu",
        platform="Linux",
        python="3.11",
        versions={"torch": "2.13"},
        threads=1,
        started="",
        finished="",
        train_seconds=60,
        peak_memory_mib=700,
    ).model_dump_json()
    for number, cell in enumerate(planned):
        folder = out / "cells" / cell.id
        folder.mkdir(parents=True)
        os.link(tables[number % TABLES], folder / "cases.parquet")
        record = {
            "format": Record.model_fields["format"].default,
            "cell": cell.id,
            "identity": cell.identity.model_dump(mode="json"),
            "result": shared,
            "files": {"cases.parquet": digests[number % TABLES]},
        }
        (folder / "record.json").write_text(json.dumps(record, indent=1))
        (folder / "provenance.json").write_text(about)


def peak_mib() -> float:
    """Largest resident size of this process since it started (its parent's is in `ru_maxrss` too)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**10


def step(name: str, out: Path) -> None:
    """One measured step; runs in a fresh process and prints its figures."""
    start = time.perf_counter()
    if name == "index":
        from nsbench.benchmark.store.index import open_index

        print(f"index built from {len(open_index(Store(out)).cells)} records", end=": ")
    else:
        from nsbench.benchmark.registry import Registries
        from nsbench.benchmark.report.leaderboard import make_leaderboard
        from nsbench.benchmark.report.markdown import render

        board = make_leaderboard(Store(out))
        between = time.perf_counter() - start
        text = render(board, Registries())
        print(f"{len(board.rows)} rows in {between:.1f} s, markdown of {len(text) / 2**20:.1f} MiB", end=": ")
    print(f"{time.perf_counter() - start:.1f} s ({time.process_time():.1f} s of CPU), peak {peak_mib():.0f} MiB")


def main() -> None:
    """Write a store, then measure the index and the leaderboard."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", nargs="?", type=int, default=100_000)
    parser.add_argument("--step", choices=("index", "leaderboard"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        return step(chosen.step, chosen.out)
    with tempfile.TemporaryDirectory(prefix="nsbench-perf-") as folder:
        out = Path(folder)
        write_store(out, chosen.records)
        for name in ("index", "leaderboard"):
            subprocess.run([sys.executable, __file__, "--step", name, "--out", folder], check=True)
    return None


if __name__ == "__main__":
    main()
