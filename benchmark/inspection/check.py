"""Reading every case of a dataset and naming all that is wrong, not only the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..data.checks import faults, label_faults
from ..data.split import split_cases
from ..data.steps import turned_and_resampled
from ..errors import UserError
from ..plugin.case import Case, CaseRef, Task
from ..plugin.dataset import Dataset
from .facts import facts_of
from .headers import disagreement
from .report import CaseFacts, DataReport
from .twins import Twins


def check_dataset(
    dataset: Dataset, label: str, over: Callable[[list[CaseRef]], Iterable[CaseRef]] = lambda refs: refs
) -> DataReport:
    """Read and check all cases of a dataset.

    Parameters
    ----------
    label
        The dataset as the user wrote it.
    over
        Wraps the cases, to show progress.
    """
    report = DataReport(label, str(dataset.root) if dataset.root else None)
    dataset.incomplete = []
    failed, refs = "", list[CaseRef]()
    try:
        refs = dataset.cases()
        task = _task(dataset, report) if refs else None
    except (UserError, OSError) as error:
        failed = str(error)
    for message in filter(None, [*dataset.incomplete, failed]):
        report.problem("", "listing", message)
    if failed:
        return report
    report.found = len(refs)
    check = _Check(dataset, task, report)
    check.listing(refs)
    for ref in over(refs):
        check.case(ref)
    check.together()
    return report


def _task(dataset: Dataset, report: DataReport) -> Task | None:
    """The task; None, which is a problem, where it is told by files and none of them can be read."""
    try:
        return dataset.task
    except (UserError, OSError) as error:
        report.problem("", "reading", f"the task is unknown: {error}")
        return None


@dataclass
class _Check:
    dataset: Dataset
    task: Task | None
    report: DataReport
    twins: Twins = field(default_factory=Twins)

    def listing(self, refs: list[CaseRef]) -> None:
        """What is wrong with the cases as they are listed."""
        if not refs:
            self.report.problem("", "listing", "no case with a label was found")
            return
        ids = [ref.id for ref in refs]
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            self.report.problem(
                name, "listing", f"{ids.count(name)} cases are named {name}; rename or remove all but one"
            )
        if self.dataset.incomplete:
            # a split that names a case left out would only say so once more
            return
        try:
            if self.dataset.split(0, 0) is not None:
                split_cases(self.dataset, refs, fold=0, folds=1, seed=0)
        except UserError as error:
            self.report.problem("", "split", str(error))

    def case(self, ref: CaseRef) -> None:
        """What is wrong with one case."""
        try:
            case = self.dataset.load(ref)
            if self.task is not None:
                self._loaded(case, ref, self.task)
        except (UserError, OSError) as error:
            self.report.problem(ref.id, "reading", str(error))
        except Exception as error:
            # an adapter of somebody else's may raise or give anything; the other cases are still to be read
            self.report.problem(ref.id, "reading", f"the adapter failed: {type(error).__name__}: {error}")

    def _loaded(self, case: Case, ref: CaseRef, task: Task) -> None:
        self._content(case, ref, task)
        facts = facts_of(case, ref, task)
        self.report.cases.append(facts)
        self._oddities(case, ref, facts)
        for message in self.twins.add(case, ref):
            self.report.problem(ref.id, "duplicates", message)

    def _content(self, case: Case, ref: CaseRef, task: Task) -> None:
        files = ", ".join(str(path) for path in ref.files) or "generated"
        found = list(faults(case, task))
        for check, what, remedy in found:
            self.report.problem(ref.id, check, f"{what}. {remedy} ({files})")
        for name, annotation in case.annotations.items():
            for check, what, remedy in label_faults(annotation, case, task):
                self.report.problem(ref.id, check, f"annotation {name}: {what}. {remedy} ({files})")
        if not found:
            try:
                turned_and_resampled(case, self.dataset.preprocessing_of(case), self.dataset.name)
            except UserError as error:
                self.report.problem(ref.id, "preprocessing", str(error))

    def _oddities(self, case: Case, ref: CaseRef, facts: CaseFacts) -> None:
        remark = self.report.remark
        if facts.intensity and facts.intensity[0] == facts.intensity[1]:
            self.report.problem(ref.id, "intensity", f"every voxel of the image is {facts.intensity[0]:g}")
        if case.label is not None and not (case.label > 0).any():
            remark(ref.id, "labels", "the label is empty")
        if facts.spacing is None:
            remark(ref.id, "spacing", "the files do not say how large a voxel is: distances are in voxels only")
        elif case.geometry and set(facts.spacing) == {1.0} and not self.dataset.is_1_mm:
            remark(ref.id, "spacing", "exactly 1 mm along every axis: perhaps the header was never filled in")
        told = any(note.case == ref.id and note.check == "geometry" for note in self.report.problems)
        for message in () if told else disagreement(ref.files):
            # where headers are wrong, labels lie where their image does
            (self.report.problem if self.dataset.trusts_headers else remark)(ref.id, "geometry", message)

    def together(self) -> None:
        """What is wrong with the cases taken together."""
        cases = self.report.cases
        classes = self.task.classes if self.task else ()
        absent = [name for name in classes if not any(case.voxels.get(name) for case in cases)]
        if cases and absent:
            which = f"class{'es' if len(absent) > 1 else ''} {', '.join(absent)}"
            self.report.problem("", "labels", f"no label holds {which}; choose another task")
        for message in self.twins.labels_alike():
            self.report.remark("", "duplicates", message)
        counts = Counter(name for case in cases for name in case.annotations)
        for name, count in counts.items():
            if count < len(cases):
                self.report.remark("", "annotations", f"{name}: {count} of {len(cases)} cases")
        codes = sorted({case.orientation for case in cases} - {""})
        if len(codes) > 1:
            self.report.remark("", "orientation", f"volumes are stored in different orientations: {', '.join(codes)}")
