"""WMH 2017: white matter hyperintensities at three sites, with two further observers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from ..benchmark.plugin import Case, CaseRef, Preprocessing, Split, Task, UserError, param
from ._draws import counted, draw, drawn_split, generator, largest_remainder
from ._files import layout_error, require_root, some
from ._labels import IGNORE, split_ignored
from ._nifti import SUFFIX, stem
from ._search import named, only
from ._splits import published_split
from ._volume import check_same_grid, class_label
from ._volume_dataset import VolumeDataset
from ._wmh_places import SITES, Place, observer_of, place_of

_LABEL = re.compile(rf"wmh{SUFFIX}")
_FLAIR = re.compile(rf"FLAIR{SUFFIX}")
_RESULT = re.compile(rf"result{SUFFIX}")
_PARTS = ("training", "test")
_DEPTH = 4
"""Folders that tell of a case: part, site, scanner, number."""
_A_SITE, _TEST = 20, 20
"""Training cases of each site, and how many of all MASSL tests on."""


class WMH2017(VolumeDataset):
    """60 training and 110 test brains with white matter hyperintensities, from three sites.

    Reads `{training,test}/{Utrecht,Singapore,Amsterdam/<scanner>}/<number>/`, or the 2017 download without `training/`
    and with `GE3T/` on top: `pre/FLAIR.nii.gz`, `pre/T1.nii.gz` and `wmh.nii.gz`. Value 2 (other pathology) is ignored
    by losses and metrics. `additional_annotations/observer_o{3,4}/` of the training cases become the annotations
    `observer_o3` and `observer_o4`. Licence: CC BY-NC 4.0 (DataverseNL).
    """

    name = "wmh2017"
    citation = (
        "Kuijf et al., 'Standardized assessment of automatic segmentation of white matter hyperintensities', "
        "TMI 2019; data: doi 10.34894/AECRSD"
    )
    tasks = ("wmh",)
    normalisation = "zscore"
    tried_on = "written trees"
    choice_params = ("split",)

    class Params(VolumeDataset.Params):
        """Which channels are used, and how the cases are split."""

        modality: Literal["flair", "flair+t1"] = param("flair", source="MASSL, 3.0.1", help="the channels")
        split: Literal["auto", "massl", "official", "k-fold"] = param(
            "auto",
            source="MASSL, 3.0.1",
            help="massl: 40/20 of the 60 training cases by site, drawn anew for every fold; official: 60/110; "
            "auto: massl where all 60 are there, else k-fold",
        )

    @property
    def task(self) -> Task:
        """One class; mirrored left to right, as MASSL does."""
        return Task("wmh", ("wmh",), tuple(self.params.modality.split("+")), ndim=3, flips=(0,))

    def cases(self) -> list[CaseRef]:
        """All labeled scans; training ones come first, then those of the test part."""
        root = require_root(self.name, self.root)
        labels = [path for path, _ in named(root, _LABEL)]
        if not labels:
            layout = "[{training,test}/]{Utrecht,Singapore,Amsterdam/<scanner>,GE3T}/<number>/wmh.nii.gz"
            raise layout_error(self.name, root, [layout], ["wmh.nii*", "FLAIR.nii*", "*.zip"])
        observed, gaps = self._observed(root), self._unlabeled(root, labels)
        refs = [self._ref(root, label, observed) for label in labels]
        only(self.name, ((ref.id, ref.files[-1]) for ref in refs))
        gaps += [path for ref in refs for path in ref.files if not path.is_file()]
        if gaps:
            self.lacks(f"dataset {self.name}: {some(gaps, 4)}: no such file; complete the data folder")
        refs = [ref for ref in refs if not set(ref.files) & set(gaps)]
        return sorted(refs, key=lambda ref: _PARTS.index(ref.groups["part"]))

    def split(self, fold: int, seed: int) -> Split | None:
        """As the parameter says; MASSL's case lists are unpublished, its counts are drawn by seed."""
        wanted = self.params.split
        refs = [] if wanted == "k-fold" else self.cases()
        parts = [[ref for ref in refs if ref.groups["part"] == part] for part in _PARTS]
        complete = {site: len(of) for site, of in counted(parts[0], "site").items()} == dict.fromkeys(SITES, _A_SITE)
        if wanted == "official":
            return self._official(parts, fold)
        if wanted == "massl" and not complete:
            raise self._incomplete(parts[0])
        return self._massl(parts[0], fold, seed) if complete else None

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[C, x, y, z]`, label 0 and 1; other pathology is ignored."""
        channels, volumes = len(self.task.channels), [self._read(path) for path in ref.files]
        images, label, others = volumes[:channels], volumes[channels], volumes[channels + 1 :]
        for other in (label, *others):
            check_same_grid(images[0], other)
        drawn, ignore = split_ignored(class_label(label, {0: 0, 1: 1, 2: IGNORE}))
        further = {observer_of(other.path): class_label(other, {0: 0, 1: 1}) for other in others}
        return self._case(ref.id, images, drawn, ignore=ignore, annotations=further)

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """Axes to RAS by the affine, z-score."""
        return Preprocessing(orientation="RAS", normalisation=self.normalisation)

    def _ref(self, root: Path, label: Path, observed: Mapping[str, Sequence[Path]]) -> CaseRef:
        place = self._place(root, label.parent)
        if place is None:
            raise UserError(f"{label}: lies below none of the folders {some((*SITES, 'GE3T'))}; restore the folders")
        files = (*self._channel_files(label.parent), label, *observed.get(place.id, ()))
        return CaseRef(place.id, place.id, {"site": place.site, "scanner": place.scanner, "part": place.part}, files)

    def _unlabeled(self, root: Path, labels: Sequence[Path]) -> list[Path]:
        """Labels that scans of the training part lack, and those of the test part where others of it have one."""
        folders = {path.parent.parent for path, _ in named(root, _FLAIR) if path.parent.name == "pre"}
        places = {folder: self._place(root, folder) for folder in folders | {path.parent for path in labels}}
        labeled = {places[path.parent] for path in labels}
        parts = {"training"} | {place.part for place in labeled if place}
        bare = {folder: place for folder, place in places.items() if place and place not in labeled}
        return sorted(folder / "wmh.nii.gz" for folder, place in bare.items() if place.part in parts)

    @staticmethod
    def _place(root: Path, folder: Path) -> Place | None:
        return place_of((root.resolve().name, *folder.relative_to(root).parts))

    def _observed(self, root: Path) -> dict[str, list[Path]]:
        """Masks of the further observers by case id."""
        found: dict[str, list[Path]] = {}
        for path, _ in named(root, _RESULT):
            place = place_of(path.parent.relative_to(root).parts)
            if place is not None and observer_of(path):
                found.setdefault(place.id, []).append(path)
        return found

    def _massl(self, refs: Sequence[CaseRef], fold: int, seed: int) -> Split:
        rng, by_site = generator(self.name, seed, fold), counted(refs, "site")
        shares = largest_remainder(_TEST, {site: len(of) for site, of in by_site.items()}, rng)
        test = {name for site, count in shares.items() for name in draw(by_site[site], count, rng)}
        return drawn_split(refs, test, "counts of MASSL by site, lists unpublished", seed, fold)

    def _official(self, parts: Sequence[Sequence[CaseRef]], fold: int) -> Split:
        train, test = ([ref.id for ref in refs] for refs in parts)
        if not test:
            raise UserError(f"dataset {self.name}: split=official needs the folder test/, labeled; choose split=k-fold")
        return published_split(self.name, fold, train, test)

    def _incomplete(self, refs: Sequence[CaseRef]) -> UserError:
        there = some(f"{len(of)} of {site}" for site, of in sorted(counted(refs, "site").items())) or "none"
        return UserError(
            f"dataset {self.name}: split=massl needs the {_A_SITE} training cases of each of {some(SITES)}, but "
            f"{there} are there; complete the data folder, or choose split=k-fold"
        )

    def _channel_files(self, path: Path) -> list[Path]:
        """FLAIR and, if wanted, T1: of a case's folder, or FLAIR itself and what lies beside it."""
        names = ["FLAIR", "T1"][: len(self.task.channels)]
        if path.is_dir():
            return [_one(path / "pre", name) for name in names]
        return [path, *(_one(path.parent, name) for name in names[1:])]

    def _id_of(self, path: Path) -> str:
        folder = path if path.is_dir() else path.parent.parent
        if path.is_file() and not path.name.startswith("FLAIR."):
            return stem(path)
        place = place_of(folder.resolve().parts[-_DEPTH:])
        return place.id if place else folder.resolve().name


def _one(folder: Path, name: str) -> Path:
    """`<name>.nii` if that is there, else `<name>.nii.gz`, there or not."""
    uncompressed = folder / f"{name}.nii"
    compressed = folder / f"{name}.nii.gz"
    return uncompressed if uncompressed.is_file() and not compressed.is_file() else compressed
