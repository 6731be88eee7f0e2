"""Prepared cases and their cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.data import prepare as module
from nsbench.benchmark.data.fingerprint import fingerprint
from nsbench.benchmark.data.prepare import PreparedCase, dataset_key, missing_classes, prepare
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.plugin import Task
from nsbench.datasets.folder import Folder
from nsbench.datasets.phantom import Phantom

from ..datasets.written_trees import body, write_folder, write_volume

KILLED = """
import os, sys
import numpy as np
from nsbench.benchmark.data import prepare as module
from nsbench.datasets.phantom import Phantom

calls = []
def save(stream, array):
    calls.append(array)
    if len(calls) == {call}:
        stream.write(b"half")
        stream.flush()
        os._exit(9)
    original(stream, array)

original, np.save = np.save, save
dataset = Phantom(None, None, Phantom.Params(ndim=2, size=32, cases=2))
module.prepare(dataset, dataset.cases(), "key")
"""


def files(folder: Path) -> list[str]:
    """Visible files below a folder."""
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def test_cases_are_read_checked_and_normalised(cache: Path, squares: Any) -> None:
    dataset = squares()
    refs = dataset.cases()[:3][::-1]
    cases = prepare(dataset, refs, "key")
    assert [case.id for case in cases] == ["p1s0", "p0s1", "p0s0"]
    first = cases[0]
    assert (first.patient, first.groups, first.spacing) == ("p1", {"site": "north"}, (0.5, 2.0))
    assert first.ignore is None
    assert first.image.dtype == np.float32
    assert first.label.dtype == np.uint8
    assert first.image.std() == pytest.approx(1, abs=1e-5)
    assert first.label.sum() == 24
    assert first.preprocessing == {"normalisation": "zscore"}


def test_ignore_and_unknown_spacing_survive(cache: Path, squares: Any) -> None:
    dataset = squares()
    mask = np.zeros((12, 10), np.uint8)
    mask[0, :3] = 1
    dataset.changes["p0s0"] = {"ignore": mask, "spacing": None}
    (case,) = prepare(dataset, dataset.cases()[:1], "key")
    assert case.ignore is not None
    assert case.ignore.dtype == bool
    np.testing.assert_array_equal(case.ignore, mask.astype(bool))
    assert case.spacing is None
    assert case.voxel == (1.0, 1.0)


def test_the_cache_is_used_again(cache: Path, squares: Any) -> None:
    told: list[str] = []
    dataset = squares()
    first = prepare(dataset, dataset.cases()[:2], "key", told.append)
    second = prepare(dataset, dataset.cases()[:3], "key", told.append)
    assert dataset.loaded == told == ["p0s0", "p0s1", "p1s0"]
    np.testing.assert_array_equal(first[0].image, second[0].image)


def test_what_a_worker_writes_stays_its_own(cache: Path, squares: Any) -> None:
    dataset = squares()
    refs = dataset.cases()[:1]
    (case,) = prepare(dataset, refs, "key")
    assert isinstance(case.image, np.memmap)
    case.image[:] = 7
    assert prepare(dataset, refs, "key")[0].image.std() == pytest.approx(1, abs=1e-5)


def test_the_key_follows_content_code_and_parameters() -> None:
    def key(fingerprint: str = "f", code: str = "c", task: str = "chamber", **params: Any) -> str:
        return dataset_key(Phantom(None, task, Phantom.Params(**params)), fingerprint, code)

    others = [key("g"), key(code="d"), key(task="lesions"), key(seed=1), key(size=64)]
    assert key() == key()
    assert len({key(), *others}) == 6


def test_what_chooses_cases_leaves_the_key_and_what_tables_say_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def key(**params: Any) -> str:
        return dataset_key(Phantom(None, None, Phantom.Params(**params)), "f", "c")

    before = key()
    monkeypatch.setattr(Phantom, "choice_params", ("cases",))
    assert key(cases=7) == key(cases=8) != key(cases=7, seed=1)
    monkeypatch.setattr(Phantom, "choice_params", ())
    assert key() == before
    monkeypatch.setattr(Phantom, "content_key", lambda self: {"1": "heart"})
    told = key()
    monkeypatch.setattr(Phantom, "content_key", lambda self: {"1": "lung"})
    assert len({before, told, key()}) == 3


def test_a_changed_file_prepares_its_case_alone(cache: Path, tmp_path: Path) -> None:
    root, told = tmp_path / "data", list[str]()
    write_folder(root)

    def prepared() -> dict[str, PreparedCase]:
        dataset = Folder(root, None, Folder.Params())
        refs, told[:] = dataset.cases(), []
        key = dataset_key(dataset, fingerprint(dataset, refs, root), "code")
        return {case.id: case for case in prepare(dataset, refs, key, told.append)}

    before = prepared()
    assert told == ["p1_a", "p1_b", "p2_a"]
    prepared()
    assert told == []
    write_volume(root / "images" / "p1_b.nii.gz", body(7)[0])
    after = prepared()
    assert told == ["p1_b"]
    assert [np.array_equal(before[name].image, after[name].image) for name in before] == [True, False, True]
    (root / "masks" / "p2_a.nii.gz").unlink()
    (root / "images" / "p2_a.nii.gz").unlink()
    assert list(prepared()) == ["p1_a", "p1_b"]
    assert told == []


def test_a_changed_fingerprint_prepares_again(cache: Path, squares: Any) -> None:
    dataset = squares()
    refs = dataset.cases()[:1]
    before = prepare(dataset, refs, dataset_key(dataset, "before", "code"))[0]
    dataset.changes["p0s0"] = {"label": np.ones((12, 10), np.int64)}
    after = prepare(dataset, refs, dataset_key(dataset, "after", "code"))[0]
    assert dataset.loaded == ["p0s0", "p0s0"]
    assert (before.label.sum(), after.label.sum()) == (24, 120)


def test_a_bad_case_is_named_and_leaves_nothing(cache: Path, squares: Any) -> None:
    dataset = squares()
    dataset.changes["p0s1"] = {"label": np.full((12, 10), 4)}
    with pytest.raises(UserError, match=r"squares/labels\] case p0s1 \(generated\): label values \[4\]"):
        prepare(dataset, dataset.cases(), "key")
    assert files(cache) == ["p0s0.image.npy", "p0s0.json", "p0s0.label.npy"]


@pytest.mark.parametrize("call", [1, 2])
def test_interruption_leaves_no_half_case(
    cache: Path, squares: Any, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    dataset = squares()
    original, calls = np.save, []

    def interrupted(stream: Any, array: np.ndarray) -> None:
        calls.append(array)
        if len(calls) == call:
            stream.write(b"half")
            raise KeyboardInterrupt
        original(stream, array)

    with monkeypatch.context() as patch:
        patch.setattr(module.np, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(dataset, dataset.cases()[:1], "key")
    assert files(cache) == ["p0s0.image.npy"][: call - 1]
    assert not list(cache.rglob(".p0s0*"))
    (case,) = prepare(dataset, dataset.cases()[:1], "key")
    assert case.label.sum() == 24


def test_a_killed_process_leaves_what_it_had_finished(cache: Path) -> None:
    environment = {**os.environ, "NSBENCH_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", KILLED.format(call=4)], env=environment, check=False)
    assert done.returncode == 9
    assert files(cache) == ["case000.image.npy", "case000.json", "case000.label.npy", "case001.image.npy"]
    dataset, told = Phantom(None, None, Phantom.Params(ndim=2, size=32, cases=2)), list[str]()
    cases = prepare(dataset, dataset.cases(), "key", told.append)
    assert told == ["case001"]
    for case in cases:
        np.testing.assert_array_equal(case.label, dataset.load(dataset.cases()[int(case.id[4:])]).label)


def test_missing_classes_are_named(cache: Path, squares: Any) -> None:
    dataset = squares()
    cases = prepare(dataset, dataset.cases()[:2], "key")
    assert missing_classes(cases, dataset.task) == []
    assert missing_classes(cases, Task("two", ("square", "circle"), ndim=2)) == ["circle"]
