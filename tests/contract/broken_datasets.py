"""Datasets that break a contract each; they are named after it."""

from __future__ import annotations

import numpy as np

from nsbench.benchmark.plugin import Case, CaseRef, Dataset, Split, Task


class _Generated(Dataset):
    """Four squares, a helper."""

    citation = "Nobody, 'Nothing', 2020"
    tasks = ("square",)
    needs_root = False

    @property
    def task(self) -> Task:
        return Task("square", ("square",), ndim=2)

    def cases(self) -> list[CaseRef]:
        return [CaseRef(f"case{i}", f"patient{i}") for i in range(4)]

    def load(self, ref: CaseRef) -> Case:
        label = np.zeros((8, 8), np.uint8)
        label[2:5, 2:5] = 1
        return Case(ref.id, label[None].astype(np.float32), label, (1.0, 1.0))


class Rootless(_Generated):
    """It lists a missing folder with whatever error comes."""

    name = "a-missing-folder-is-a-clear-error"
    needs_root = True

    def cases(self) -> list[CaseRef]:
        assert self.root is not None
        return [CaseRef(path.name, path.name) for path in self.root.iterdir()]


class Renamed(_Generated):
    """Its task calls itself something else."""

    name = "tasks-are-as-declared"
    tasks = ("circle",)


class Repeating(_Generated):
    """It lists a case twice."""

    name = "cases-are-listed-alike-every-time"

    def cases(self) -> list[CaseRef]:
        return super().cases() * 2


class Mislabeled(_Generated):
    """Its masks are 0 and 255."""

    name = "cases-pass-the-checks"

    def load(self, ref: CaseRef) -> Case:
        case = super().load(ref)
        case.label = np.asarray(case.label) * np.uint8(255)
        return case


class Restless(_Generated):
    """A case changes from one reading to the next."""

    name = "cases-load-alike-every-time"

    def load(self, ref: CaseRef) -> Case:
        case = super().load(ref)
        case.image += np.random.default_rng().random(case.image.shape, dtype=np.float32)
        return case


class Mixing(_Generated):
    """One patient is on both sides of the split."""

    name = "the-split-is-fair"

    def cases(self) -> list[CaseRef]:
        return [CaseRef(f"case{i}", f"patient{i // 3}") for i in range(4)]

    def split(self, fold: int, seed: int) -> Split:
        return Split(("case0", "case1"), ("case2", "case3"))
