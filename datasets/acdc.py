"""ACDC: cine MR of the heart, in the challenge's NIfTI form and in the h5 form of SSL4MIS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..benchmark.plugin import Case, CaseRef, Normalisation, Preprocessing, Split, Task, UserError, param
from ._acdc_forms import Form
from ._acdc_h5 import H5Form
from ._acdc_nifti import NiftiForm
from ._files import layout_error, require_root
from ._labels import IGNORE, split_ignored
from ._splits import published_split
from ._volume import class_label
from ._volume_dataset import VolumeDataset

_FORMS: dict[str, type[Form]] = {"nifti": NiftiForm, "h5": H5Form}
_CLASSES = {0: 0, 1: 1, 2: 2, 3: 3}
_SCRIBBLED = {**_CLASSES, 4: IGNORE}


class ACDC(VolumeDataset):
    """Cine MR of 100 (or 150) patients at end-diastole and end-systole: right ventricle, myocardium, left ventricle.

    NIfTI: `{training,testing}/patient<NNN>/` with `Info.cfg`, `patient<NNN>_frame<NN>.nii.gz` and `_gt`, at any depth.
    h5 (SSL4MIS): `data/<case>.h5` with `image` (min-max normalised by its makers, left as it is) and `label`, and the
    lists beside it, or `ACDC_training_volumes/` (WSL4MIS); frames are renumbered and the spacing is lost. Both come out
    as (x, y, z). Scribbles: `_scribble.nii.gz`, or the array `scribble` of slices or volumes; 4 means unknown and is
    ignored.
    Licence: CC BY-NC-SA 4.0, by registration.
    """

    name = "acdc"
    citation = (
        "Bernard et al., 'Deep learning techniques for automatic MRI cardiac multi-structures segmentation and "
        "diagnosis: is the problem solved?', TMI 2018; h5 form: Luo et al., SSL4MIS; scribbles: Valvano et al., "
        "TMI 2021"
    )
    tasks = ("heart",)
    normalisation = "zscore"
    tried_on = "written trees"
    choice_params = ("split",)

    class Params(VolumeDataset.Params):
        """Which files are read, and how they are split."""

        layout: Literal["auto", "nifti", "h5"] = param("auto", help="which form the folder has; auto: NIfTI, else h5")
        labels: Literal["dense", "scribble"] = param(
            "dense", help="scribble: the training part is labeled by scribbles, the rest of its voxels is ignored"
        )
        split: Literal["auto", "official", "ssl4mis", "k-fold"] = param(
            "auto",
            help="official: 100/50 patients; ssl4mis: 70/20, its 10 for validation left out; auto: the first of them "
            "whose patients are all there (h5: the lists), else k-fold",
        )

    @property
    def task(self) -> Task:
        """Three classes; mirrored within the slice, as SSL4MIS does."""
        tags = ("scribbles",) if self.params.labels == "scribble" else ()
        classes = ("right ventricle", "myocardium", "left ventricle")
        return Task("heart", classes, ("cine MR",), ndim=3, flips=(0, 1), tags=tags)

    def cases(self) -> list[CaseRef]:
        """Two frames a patient, which stay together."""
        form, scribbles = self._form(), self.params.labels == "scribble"
        parts = form.parts(self.params.split)
        if scribbles and parts is None:
            raise UserError(
                f"dataset {self.name}: labels=scribble must know who trains, since tests are scored on dense "
                f"labels; complete {self.root} for a published split, or use labels=dense"
            )
        return form.cases(scribbles, parts, self.lacks)

    def tables(self) -> tuple[Path, ...]:
        """The lists of the h5 form; `Info.cfg` of every patient."""
        return self._form().tables()

    def split(self, fold: int, seed: int) -> Split | None:
        """A published one; None for k-fold."""
        if self._form().parts(self.params.split) is None:
            return None
        refs = self.cases()
        train, test = ([ref.id for ref in refs if ref.groups["part"] == part] for part in ("train", "test"))
        return published_split(self.name, fold, train, test)

    def load(self, ref: CaseRef) -> Case:
        """Image float32 `[1, x, y, z]`, label 0 to 3; of a scribbled case all that is not drawn is ignored."""
        form = self._form()
        case = form.read(ref.files[0])
        table = _SCRIBBLED if ref.groups["label"] == "scribble" else _CLASSES
        label, ignore = split_ignored(class_label(form.label(ref, case), table))
        return replace(case, id=ref.id, label=label, ignore=ignore)

    def read_image(self, path: Path) -> Case:
        """Read one unlabeled frame, NIfTI or h5."""
        return _FORMS["h5" if path.suffix == ".h5" else "nifti"].read(path)

    def normalisation_of(self, case: Case) -> Normalisation:
        """`none` for the h5 form, which its makers normalised, else `zscore`."""
        return "zscore" if "affine" in case.geometry else "none"

    def preprocessing_of(self, case: Case) -> Preprocessing:
        """NIfTI: axes to RAS by the affine."""
        orientation = "RAS" if "affine" in case.geometry else None
        return Preprocessing(orientation=orientation, normalisation=self.normalisation_of(case))

    def _form(self) -> Form:
        root = require_root(self.name, self.root)
        wanted = _FORMS if self.params.layout == "auto" else {self.params.layout: _FORMS[self.params.layout]}
        found = next((form for of in wanted.values() if (form := of(root)).fits()), None)
        if found is None:
            landmarks = ["patient001*", "*_frame01*", "train.list", "*.h5", "database"]
            raise layout_error(self.name, root, [form.description for form in wanted.values()], landmarks)
        return found
