"""`--noise real` is refused before anything runs where annotations lack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import Plan, plan_loaded

from ..datasets.written_trees import body, write_folder, write_volume

NAMES = ("a", "b", "c", "d", "e", "f")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six cases, two readers: one of all cases, one of three."""
    folder = tmp_path / "data"
    write_folder(folder, names=NAMES)
    (folder / "train.txt").write_text("\n".join(NAMES[:5]))
    (folder / "test.txt").write_text("f")
    for reader, names in {"o1": NAMES, "o2": NAMES[:3]}.items():
        for name in names:
            write_volume(folder / f"masks_{reader}" / f"{name}.nii.gz", (body()[1] > 1).astype("uint8"))
    return folder


def planned(root: Path, noise: str, **fields: Any) -> Plan:
    flags = {"datasets": "folder", "methods": "ce", "noise": noise, "ratios": 1.0, "data_root": [str(root)], **fields}
    return plan_loaded(load(flags=flags), Registries())


def test_all_cases_that_lack_it_are_named(root: Path) -> None:
    message = (
        r"^--noise: folder: no annotation 'o2' for 2 of 5 cases to be corrupted: d, e \(annotators there: o1, o2\)"
    )
    with pytest.raises(UserError, match=message):
        planned(root, "real,annotator=o2")
    with pytest.raises(UserError, match="no annotation 'o3' for 5 of 5 cases to be corrupted: a, b, c, d, e"):
        planned(root, "real,annotator=o3")


def test_what_can_run_is_planned(root: Path) -> None:
    for noise in ("real", "real,annotator=o1", "real,annotator=o2,missing=clean"):
        assert len(planned(root, noise).cells) == 1
    assert len(planned(root, "real,annotator=o3", ratios=0).cells) == 1


def test_a_dataset_without_annotations_is_refused() -> None:
    loaded = load(flags={"datasets": "phantom,ndim=2,cases=5,size=16", "methods": "ce", "noise": "real", "ratios": 0.5})
    with pytest.raises(UserError, match=r"--noise: phantom.*: no annotation beside the label for 2 of 2 cases"):
        plan_loaded(loaded, Registries())
