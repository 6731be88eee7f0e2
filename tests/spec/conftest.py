"""Plugins and data folders for the tests of spec and plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsbench.benchmark.registry import Registries

_DATASET = '''
from nsbench.benchmark.plugin import Case, CaseRef, Dataset, Task, param


class Lists(Dataset):
    """One file a case."""

    name = "lists"
    citation = "tests"
    tasks = ("organ", "tumour")

    class Params(Dataset.Params):
        keep: int = param(9, ge=1)

    @property
    def task(self):
        return Task(self.task_name, (self.task_name,), ndim=2)

    def cases(self):
        files = sorted(self.root.glob("*.txt"))[: self.params.keep]
        return [CaseRef(p.stem, patient=p.stem.split("_")[0], files=(p,)) for p in files]

    def load(self, ref):
        raise NotImplementedError
'''
_METHODS = '''
from nsbench.benchmark.plugin import Method, Network, param


class Blind(Method):
    """Sees all labels."""

    name = "t-blind"
    citation = "tests"
    passes = 2.0

    class Params(Method.Params):
        rate: float = param(0.5, ge=0, le=1)


class Trusted(Method):
    """Knows the clean cases."""

    name = "a-trusted"
    citation = "tests"
    knows = "trusted"


class Scarce(Method):
    """Knows few labels."""

    name = "a-scarce"
    citation = "tests"
    knows = "scarce"


class Alone(Method):
    """Knows few labels, and wants nothing else."""

    name = "label-alone"
    citation = "tests"
    knows = "scarce"
    needs_unlabeled = False


class Volumes(Network):
    """3-D only."""

    name = "volumes"
    citation = "tests"
    ndims = (3,)
'''


@pytest.fixture
def registries(tmp_path: Path) -> Registries:
    """Built-in plugins, a dataset of text files, three methods and a network for volumes."""
    files = {"lists.py": _DATASET, "methods.py": _METHODS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return Registries(loose=tuple(tmp_path / name for name in files))


@pytest.fixture
def lists_root(tmp_path: Path) -> Path:
    """A data folder of the dataset `lists` with six cases of six patients."""
    root = tmp_path / "data" / "lists"
    root.mkdir(parents=True)
    for i in range(6):
        (root / f"p{i}_scan.txt").write_text(f"content {i}")
    return root
