"""Files are written whole or not at all, and the reason is said."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from nsbench.benchmark.data.prepare import save_array
from nsbench.benchmark.store.files import OutputError, check_writable, read_json, sweep, write_atomically, write_json
from nsbench.benchmark.training import checkpoint

from .conftest import MakeDisk


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})

    def half(target: Path) -> None:
        target.write_text("{")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, half)
    assert read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only: choose another folder"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_the_reason_and_the_remedy_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def fail(handle: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("nsbench.benchmark.store.files.os.fsync", fail)
    with pytest.raises(OutputError, match=words) as caught:
        write_json(tmp_path / "a.json", {})
    assert str(tmp_path / "a.json") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_file_tells_that_the_disk_is_full(make_disk: MakeDisk) -> None:
    folder, noise = make_disk("size=256k"), np.random.default_rng(0).random(2**18)
    table = pd.DataFrame({"a": noise})
    writes = {
        "weights.pt": lambda path: checkpoint.save(path, {"a": [torch.rand(1000) for _ in range(500)]}),
        "array.npy": lambda path: save_array(path, noise),
        "table.parquet": lambda path: write_atomically(path, table.to_parquet),
        "text.json": lambda path: write_json(path, noise.tolist()),
    }
    for name, write in writes.items():
        with pytest.raises(OutputError, match=f"{name}: the disk is full"):
            write(folder / name)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(make_disk: MakeDisk, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="read-only"):
        check_writable(make_disk("ro") / "out", 0)
    with pytest.raises(OutputError, match="only 1 MiB free, about 64 MiB are needed"):
        check_writable(make_disk("size=1m"), 2**26)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is in the way"):
        check_writable(tmp_path / "file", 0)
    with pytest.raises(OutputError, match="a part of the path is a file"):
        check_writable(tmp_path / "file" / "out", 0)


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    code = f"""
import os, pathlib
from nsbench.benchmark.store.files import write_atomically
write_atomically(pathlib.Path({str(tmp_path)!r}) / "a.json", lambda target: os._exit(0))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    (tmp_path / ".lock").touch()
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / ".lock"]


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe", b"[" * 100_000])
def test_damaged_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json is damaged"):
        read_json(path)
