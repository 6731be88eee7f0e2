"""Killed, interrupted, watched: what a user does to a running `nsbench run`."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from nsbench.benchmark.store import Store

METHODS = ("ce", "dice")
_DATA = ["--dataset", "phantom,ndim=2,cases=4,size=32", "--budget", "smoke", "--iterations", "150"]
_RUN = ["run", "--methods", ",".join(METHODS), *_DATA, "--executor", "inline"]
_CODE = """
import functools
from nsbench.benchmark.execution import executors
executors.WorkerSettings = functools.partial(executors.WorkerSettings, checkpoint_seconds=0.1)
from nsbench.benchmark.cli.main import main
main()
"""
PATIENCE = 500

pytestmark = pytest.mark.timeout(1500)


@dataclass
class Running:
    """A run of the command line in a process group of its own; standard error goes to a file or a terminal."""

    out: Path
    terminal: bool = False
    said: str = ""
    started: float = field(default_factory=time.time)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.errors = self.out.with_name(f"{self.out.name}.stderr")
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "150", "LINES": "40"}
        words = [sys.executable, "-c", _CODE, *_RUN, "--out", str(self.out)]
        ours, theirs = pty.openpty() if self.terminal else (-1, os.open(self.errors, os.O_CREAT | os.O_WRONLY))
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
        os.close(theirs)
        if self.terminal:
            self.reader = threading.Thread(target=self._read, args=(ours,))
            self.reader.start()

    def _read(self, handle: int) -> None:
        while True:
            try:
                found = os.read(handle, 4096)
            except OSError:
                found = b""
            if not found:
                os.close(handle)
                return
            self.said += found.decode("utf-8", "replace")

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until something is so, or the run has ended."""
        deadline = time.monotonic() + PATIENCE
        while not condition() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)

    def end(self, number: int | None = None) -> int:
        """Send a signal to all its processes, as a terminal does; returns the exit code."""
        if number is not None:
            os.killpg(self.process.pid, number)
        try:
            code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
        if self.terminal:
            self.reader.join()
        else:
            self.said = self.errors.read_text()
        return code

    def has(self, pattern: str) -> bool:
        """Whether a cell's folder holds a file of that pattern, written since the start."""
        return any(_written(path) > self.started for path in self.out.glob(f"cells/*/{pattern}"))


def _heed_interrupts() -> None:
    """A suite that was started in the background ignores Ctrl-C, and hands that on to its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run, watched on a terminal; what it printed lies beside it."""
    out = tmp_path_factory.mktemp("whole") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NSBENCH_CACHE", str(out.parent / "cache"))
        running = Running(out, terminal=True)
        assert running.end() == 0, running.said
    out.with_name("said").write_text(running.said)
    return out


def test_a_terminal_shows_a_live_table(whole: Path) -> None:
    said = whole.with_name("said").read_text()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)
    assert re.search(r"done \d +running 1 +failed 0", plain)
    assert re.search(r"ce seed 0 +train +\d+/150 +\d\.\d{4} +\d\.\d{3}", plain), plain
    assert re.search(r"about \d+ s left", plain)
    assert "[1/2] done" in plain
    assert "start" not in plain
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l"), "the cursor is not given back"


def test_killed_and_interrupted_at_any_moment_it_ends_in_the_same_records(whole: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    out = tmp_path / "out"
    killed = Running(out)
    killed.wait_for(lambda: killed.has("."))
    time.sleep(chance.uniform(0, 0.5))
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    for number in (signal.SIGINT, signal.SIGTERM):
        stopped = Running(out)
        stopped.wait_for(lambda run=stopped: run.has("checkpoint.pt"))  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.3))
        assert stopped.end(number) == 130, stopped.said
        assert "the same command goes on from there" in stopped.said
        assert "Traceback" not in stopped.said
    again = Running(out)
    again.wait_for(lambda: again.has("record.json"))
    time.sleep(chance.uniform(0, 0.3))
    again.end(signal.SIGKILL)
    last = Running(out)
    assert last.end() == 0, last.said
    _require_same_records(out, whole)
    assert _resumed(Store(out)) >= 1


def _require_same_records(found: Path, wanted: Path) -> None:
    store, reference = Store(found), Store(wanted)
    assert store.finished_ids() == reference.finished_ids()
    assert len(store.finished_ids()) == len(METHODS)
    for cell in store.finished_ids():
        ours, theirs = store.folder(cell), reference.folder(cell)
        for name in ("record.json", "cases.parquet", "curves.parquet"):
            assert (ours.path / name).read_bytes() == (theirs.path / name).read_bytes()
        weights = [torch.load(folder.weights, weights_only=True)["method"] for folder in (ours, theirs)]
        assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
        assert {path.name for path in ours.path.iterdir()} == {path.name for path in theirs.path.iterdir()}


def _resumed(store: Store) -> int:
    known = [store.provenance(cell) for cell in store.finished_ids()]
    return sum(provenance.resumed for provenance in known if provenance is not None)


_AGAIN = """
import sys
sys.modules["ray"] = None
from nsbench.benchmark.cli.main import app
try:
    app({words!r})
except SystemExit as end:
    assert end.code in (0, None), end.code
print(sorted({{"torch", "monai"}} & set(sys.modules)), file=sys.stderr)
"""


def test_a_finished_grid_is_left_as_it_is_and_imports_neither_torch_nor_ray(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.glob("cells/*/*")}
    code = _AGAIN.format(words=[*_RUN, "--out", str(whole), "--json"])
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stderr.splitlines()[-1] == "[]", result.stderr
    document = json.loads(result.stdout)
    assert (document["done"], document["planned"]) == (2, 2)
    assert {path: path.stat().st_mtime_ns for path in whole.glob("cells/*/*")} == before


@pytest.mark.parametrize(
    ("place", "words"),
    [("file", "is in the way"), ("file/inside", "a part of the path is a file"), ("/proc/nsbench", "cannot write")],
)
def test_an_output_folder_that_cannot_be_is_said_at_once(tmp_path: Path, place: str, words: str) -> None:
    from typer.testing import CliRunner

    from nsbench.benchmark.cli.main import app

    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, [*_RUN, "--out", str(tmp_path / place)])
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
