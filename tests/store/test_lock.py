"""Two runs do not fill one folder at a time."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.store import Store

from .conftest import MakeDisk

_HOLD = """
import sys, time
from pathlib import Path
from nsbench.benchmark.store import Store
with Store(Path(sys.argv[1])).exclusive():
    print("held", flush=True)
    time.sleep(1000)
"""


@contextmanager
def _another_process_holds(out: Path) -> Iterator[int]:
    """A process that holds the folder until it is killed."""
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(out)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process.pid
        finally:
            process.kill()


def test_a_held_folder_is_refused_and_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = "another nsbench run is filling this folder"
    with _another_process_holds(out) as holder:
        with pytest.raises(UserError, match=rf"{words} \(process {holder} on .* since .*\); wait for it"):
            Store(out).write_plan({}, [], [])
        assert not (out / "plan.json").exists()
    Store(out).write_plan({}, [], [])
    with Store(out).exclusive(), pytest.raises(UserError, match=words), Store(out).exclusive():
        pass
    with Store(out).exclusive():
        pass
    assert {path.name for path in out.iterdir()} == {"plan.json", ".lock"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, make_disk: MakeDisk) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "out", make_disk("ro") / "out"):
        with pytest.raises(UserError, match=f"cannot write {out}: "):
            Store(out).write_plan({}, [], [])


def test_a_file_system_without_locks_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("nsbench.benchmark.store.lock.FileLock.acquire", refuse)
    with Store(tmp_path).exclusive():
        pass
    assert "do not start a second run on this folder" in capsys.readouterr().err
