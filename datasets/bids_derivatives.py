"""Images of a BIDS dataset with the segmentations of its derivatives."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..benchmark.plugin import Case, CaseRef, Task, UserError, param
from ._asked import AskedDataset
from ._bids_files import Named, label_files, parse, raw_files, read_classes
from ._files import layout_error, require_root, some, visible
from ._image_files import read_same_grid
from ._labels import read_label, write_values
from ._search import only


class BIDSDerivatives(AskedDataset):
    """Your own data, or any other, in BIDS: raw images and the segmentations in `derivatives/<pipeline>/`.

    Reads `sub-<id>/[ses-<id>/]**/*_<suffix>.nii.gz` and, of the same subject, session and run, `*_dseg.nii.gz` with the
    derivative's `*dseg.tsv`, or `*_label-<label>_mask.nii.gz`. Sessions without label are left out. Labels must lie on
    the image's grid. What another pipeline says of the same image is a further annotator, called after the pipeline. A
    subject counts as a patient; k folds by seed. Licence: the data's own.
    """

    name = "bids-derivatives"
    citation = "Gorgolewski et al., 'The brain imaging data structure', Scientific Data 3, 2016; derivatives: BIDS 1.4"
    tasks = ("all",)
    tried_on = "written trees"

    class Params(AskedDataset.Params):
        """Which files are meant."""

        images: tuple[str, ...] = param(("T1w",), help="suffixes of the channels, e.g. images=[T1w, FLAIR]")
        pipeline: str = param("", help="folder in derivatives/ that holds the labels; unset: the only one that does")
        label: str = param("", help="label of the masks (label-lesion_mask); unset: dseg, all of its classes")

    @property
    def task(self) -> Task:
        """The classes of the table, or the one of the masks; nothing is mirrored."""
        return Task("all", tuple(self._classes.values()), self.params.images, ndim=3)

    def cases(self) -> list[CaseRef]:
        """Sessions that have a label, in the order of their names; groups `session` and `run`."""
        labels, _ = self._labels, self._classes  # a faulty table is told before any case is
        return [ref for label in labels.values() if (ref := self._ref(label)) is not None]

    def tables(self) -> tuple[Path, ...]:
        """The table of the classes; none for masks of one label."""
        return () if self.params.label else (read_classes(self._pipeline)[0],)

    def content_key(self) -> Any:
        """Values and names of the classes."""
        return list(self._classes.items())

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[C, x, y, z]`, label, other pipelines' labels by their names."""
        count = len(self.params.images)
        paths = ref.files[:count]
        image = read_same_grid(paths, self.trusts_headers)
        table = {0: 0} | {value: i + 1 for i, value in enumerate(self._classes)}
        label = read_label(ref.files[count], paths[0], image, table, self.trusts_headers)
        further = {
            name: read_label(files[ref.id].path, paths[0], image, table, self.trusts_headers)
            for name, files in self._others.items()
            if ref.id in files
        }
        values = image.values.astype(np.float32)
        return Case(ref.id, values, label, image.spacing, annotations=further, geometry=image.geometry)

    def read_image(self, path: Path) -> Case:
        """Read an image by any one of its channels, the others of the same names lying beside it."""
        found = parse(path)
        if found is None or found.suffix not in self.params.images:
            raise UserError(f"{path}: no BIDS name that ends in {some(self.params.images)}; name one channel's file")
        stem = path.name.rsplit(f"_{found.suffix}.", 1)
        channels = [path.with_name(f"{stem[0]}_{suffix}.{stem[1]}") for suffix in self.params.images]
        image = read_same_grid(channels, self.trusts_headers)
        return Case(found.case, image.values.astype(np.float32), None, image.spacing, geometry=image.geometry)

    def write_label(self, case: Case, label: Any, path: Path) -> Path:
        """Write `<subject, session, run>.nii.gz` with the values of the table, or 1."""
        values = {0: 0} | {i + 1: value for i, value in enumerate(self._classes)}
        return write_values(case, label, path.with_name(case.id), values)

    def _ref(self, label: Named) -> CaseRef | None:
        absent = [suffix for suffix in self.params.images if (label.case, suffix) not in self._images]
        if absent:
            self.lacks(f"{label.path}: {label.case} has no image that ends in {some(absent)}; set images")
            return None
        channels = tuple(self._images[label.case, suffix] for suffix in self.params.images)
        groups = {
            name: label.entities[key] for key, name in (("ses", "session"), ("run", "run")) if key in label.entities
        }
        further = tuple(files[label.case].path for files in self._others.values() if label.case in files)
        return CaseRef(label.case, f"sub-{label.entities['sub']}", groups, (*channels, label.path, *further))

    @cached_property
    def _found(self) -> dict[str, dict[str, Named]]:
        """Labels by pipeline and case, of pipelines that have any."""
        root = require_root(self.name, self.root)
        pipelines = [p for p in visible(root / "derivatives") if p.is_dir()] if (root / "derivatives").is_dir() else []
        found = {p.name: self._by_case(p) for p in pipelines}
        return {name: files for name, files in found.items() if files}

    def _by_case(self, pipeline: Path) -> dict[str, Named]:
        files = {file.path: file for file in label_files(pipeline, self.params.label)}
        return {case: files[path] for case, path in only(self.name, ((f.case, f.path) for f in files.values())).items()}

    @cached_property
    def _pipeline(self) -> Path:
        """The folder of the labels that are the truth."""
        root, wanted = require_root(self.name, self.root), self.params.pipeline
        if wanted in self._found or (not wanted and len(self._found) == 1):
            return root / "derivatives" / (wanted or next(iter(self._found)))
        if self._found:
            raise UserError(f"dataset {self.name}: labels in {some(self._found)}; choose one by the parameter pipeline")
        ending = f"label-{self.params.label}_mask" if self.params.label else "dseg"
        layouts = [f"derivatives/<pipeline>/**/sub-<id>_*_{ending}.nii.gz", "sub-<id>/**/sub-<id>_*.nii.gz"]
        raise layout_error(self.name, root, layouts, ["derivatives", "dataset_description.json", "sub-*"])

    @property
    def _labels(self) -> dict[str, Named]:
        return self._found[self._pipeline.name]

    @property
    def _others(self) -> dict[str, dict[str, Named]]:
        return {name: files for name, files in self._found.items() if name != self._pipeline.name}

    @cached_property
    def _images(self) -> dict[tuple[str, str], Path]:
        files = raw_files(require_root(self.name, self.root))
        return only(self.name, (((f.case, f.suffix), f.path) for f in files if f.suffix in self.params.images))

    @cached_property
    def _classes(self) -> dict[int, str]:
        """Value -> name."""
        return {1: self.params.label} if self.params.label else read_classes(self._pipeline)[1]
