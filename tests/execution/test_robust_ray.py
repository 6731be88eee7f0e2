"""The ray executor in a process of its own: what dies or hangs is one cell; an interrupt leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.execution.ray_cluster import connect, no_room, room
from nsbench.benchmark.execution.settings import WorkerSettings
from nsbench.benchmark.store import Store

pytest.importorskip("ray")
PLUGIN = Path(__file__).with_name("hostile_methods.py")
PATIENCE = 500
pytestmark = pytest.mark.timeout(1200)


def _start(out: Path, *words: str) -> subprocess.Popen[str]:
    """`nsbench run` on one ray worker, in a process group of its own."""
    code = "from nsbench.benchmark.cli.main import main; main()"
    data = ["--dataset", "phantom,ndim=2,cases=4,size=32", "--budget", "smoke", "--executor", "ray", "--workers", "1"]
    errors = out.with_name("stderr").open("w")
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", *data, "--out", str(out), *words],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    )


def _heed_interrupts() -> None:
    """A suite that runs in the background of a shell ignores Ctrl-C, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_cells_that_die_hang_and_talk_leave_one_document_and_the_others_whole(tmp_path: Path) -> None:
    methods = "ce,x-talks,x-hangs,x-dies"
    words = ["--methods", methods, "--plugin", str(PLUGIN), "--iterations", "1", "--retries", "0", "--json"]
    process = _start(tmp_path / "out", *words, "--timeout-minutes", "0.25")
    printed, _ = process.communicate(timeout=PATIENCE)
    said = (tmp_path / "stderr").read_text()
    assert process.returncode == 1, said
    document = json.loads(printed)
    assert (document["done"], document["failed"], document["planned"]) == (2, 2, 4)
    store = Store(tmp_path / "out")
    records = {cell.label: store.read(cell.id) for cell in store.planned_cells()}
    found = {label: (record.result.status, record.result.error) for label, record in records.items() if record}
    assert {label: status for label, (status, _) in found.items()} == {
        "ce": "done",
        "x-talks": "done",
        "x-hangs": "timeout",
        "x-dies": "failed",
    }
    assert "out of time" in found["x-hangs"][1]
    assert "the worker died" in found["x-dies"][1]
    assert "Traceback" not in said


def test_an_interrupt_stops_everything_within_seconds(tmp_path: Path) -> None:
    process = _start(tmp_path / "out", "--methods", "ce", "--iterations", "100000")
    progress = tmp_path / "out" / "cells"
    deadline = time.monotonic() + PATIENCE
    while not any(progress.glob("*/progress.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    started = psutil.Process(process.pid).children(recursive=True)
    assert any("_Actor" in " ".join(_words(child)) for child in started)
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "0 of 1 cells done" in printed
    assert "the same command goes on from there" in (tmp_path / "stderr").read_text()
    assert "Traceback" not in (tmp_path / "stderr").read_text()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert [_words(child) for child in alive] == []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_an_address_where_nothing_is_is_said_at_once() -> None:
    with pytest.raises(UserError, match=r"--address 127.0.0.1:1: no cluster answers there"):
        connect("127.0.0.1:1", None)


class _Cluster:
    """Two machines, one of them gone."""

    def nodes(self) -> list[dict[str, object]]:
        """As `ray.nodes`."""
        alive = [{"CPU": 3.0, "GPU": 1.0}, {"CPU": 2.0}, {}]
        return [{"Alive": True, "Resources": resources} for resources in alive] + [
            {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
        ]


def test_no_worker_is_divided_between_two_machines() -> None:
    fits = {(cpus, gpus): room(_Cluster(), WorkerSettings(cpus, gpus)) for cpus in (1, 2, 4) for gpus in (0.0, 0.25)}
    assert fits == {(1, 0.0): 5, (1, 0.25): 3, (2, 0.0): 2, (2, 0.25): 1, (4, 0.0): 0, (4, 0.25): 0}
    assert room(_Cluster(), WorkerSettings(1, 0.1)) == 3
    error = no_room(_Cluster(), WorkerSettings(4))
    assert isinstance(error, UserError)
    assert "a cell needs 4 cores and 0 GPUs, but the machines have 3 cores and 1 GPUs, 2 cores" in str(error)
