"""Fingerprints of datasets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.data import fingerprint as module
from nsbench.benchmark.data.fingerprint import case_fingerprints, fingerprint
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import CaseRef, Dataset, Task


class _Files(Dataset):
    """Text files."""

    tasks = ("t",)

    @property
    def task(self) -> Task:
        return Task("t", ("t",))

    def cases(self) -> list[CaseRef]:
        assert self.root is not None
        return [CaseRef(p.stem, p.stem, files=(p,)) for p in sorted(self.root.rglob("*.txt"))]

    def load(self, ref: CaseRef) -> Any:
        raise NotImplementedError


_Files.name = "files"


def _of(root: Path) -> str:
    dataset = _Files(root, None, Dataset.Params())
    return fingerprint(dataset, dataset.cases(), root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "sub" / "b.txt").write_text("two")
    return folder


def test_depends_on_content_and_names_only(root: Path, tmp_path: Path) -> None:
    before = _of(root)
    moved = root.rename(tmp_path / "moved")
    os.utime(moved / "a.txt", (1, 1))
    assert _of(moved) == before
    (moved / "a.txt").write_text("One")
    changed = _of(moved)
    assert changed != before
    (moved / "sub" / "b.txt").rename(moved / "b.txt")
    assert _of(moved) not in (before, changed)


def test_tables_are_the_datasets_and_of_no_case(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def now() -> tuple[str, dict[str, str]]:
        return _of(root), case_fingerprints(_Files(root, None, Dataset.Params()).cases(), root)

    (root / "dataset.json").write_text("{}")
    without = now()
    monkeypatch.setattr(_Files, "tables", lambda self: (root / "dataset.json",))
    first = now()
    (root / "dataset.json").write_text("{'1': 'heart'}")
    second = now()
    assert len({without[0], first[0], second[0]}) == 3
    assert without[1] == first[1] == second[1]


def test_unchanged_files_are_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _of(root)
    read: list[Path] = []
    digest = module.file_digest
    monkeypatch.setattr(module, "file_digest", lambda path: (read.append(path), digest(path))[1])
    assert _of(root) == before
    assert read == []
    (root / "a.txt").write_text("uno")
    _of(root)
    assert read == [root / "a.txt"]


def test_same_size_and_time_but_other_content(root: Path) -> None:
    before, path = _of(root), root / "a.txt"
    stat = path.stat()
    path.write_text("eno")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert _of(root) != before


def test_damaged_cache_is_made_again(root: Path) -> None:
    before = _of(root)
    for path in (module.cache_folder() / "fingerprints").glob("*.json"):
        path.write_text("{")
    assert _of(root) == before


def test_missing_file_is_named(root: Path) -> None:
    dataset = _Files(root, None, Dataset.Params())
    refs = dataset.cases()
    (root / "a.txt").unlink()
    with pytest.raises(UserError, match=r"a\.txt: cannot be read"):
        fingerprint(dataset, refs, root)
