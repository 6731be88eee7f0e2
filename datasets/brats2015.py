"""BRATS 2015: brain tumours in four MR modalities, as MetaImage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from ..benchmark.plugin import CaseRef, Split, UserError, param
from ._brats import LABEL, BratsDataset
from ._draws import counted, draw, drawn_split, generator
from ._itk import read_itk_volume
from ._volume import Volume

_IMAGE = re.compile(r"(?:VSD|SMIR)\.Brain\.XX\.O\.MR_(Flair|T1c|T1|T2)\.\d+\.mha")
_LABEL = re.compile(r"(?:VSD|SMIR)\.Brain(?:_\d+more)?\.XX\.(?:O|XX)\.OT\.\d+\.mha")
_OF_A_FILE = re.compile(r"(?:VSD|SMIR)\.Brain.*")
_SCANS, _TEST = {"HGG": 220, "LGG": 54}, {"HGG": 25, "LGG": 5}


class BRATS2015(BratsDataset):
    """274 gliomas (220 HGG, 54 LGG) in FLAIR, T1, contrast-enhanced T1 and T2.

    Reads `{HGG,LGG}/brats_<source>_<patient>_<scan>/`, at any depth, with `VSD.Brain.XX.O.MR_<modality>.<number>.mha`
    and the label `VSD.Brain*.OT.<number>.mha` (or `SMIR.`), each flat or in a folder of its own name. Stored values are
    1 necrosis, 2 oedema, 3 non-enhancing and 4 enhancing tumour; part of the labels was fused from algorithms.
    Scans of one patient (`tcia_pat153` has six) stay together. Licence: by registration; no redistribution.
    """

    name = "brats2015"
    citation = (
        "Menze et al., 'The multimodal brain tumor image segmentation benchmark (BRATS)', TMI 2015; "
        "Kistler et al., 'The virtual skeleton database', JMIR 2013; BRATS 2015 challenge"
    )
    tasks = ("tissues", "whole-tumour")
    modalities = ("flair", "t1", "t1c", "t2")
    tissues: ClassVar[Mapping[int, str]] = {
        1: "necrosis",
        2: "oedema",
        3: "non-enhancing tumour",
        4: "enhancing tumour",
    }
    layout = "[HGG/|LGG/]brats_*_pat*_*/[VSD.*/]VSD.Brain.XX.O.MR_{Flair,T1,T1c,T2}.*.mha and VSD.Brain*.OT.*.mha"
    landmarks = ("VSD.Brain*", "SMIR.Brain*", "brats_*", "HGG", "*.mha")
    normalisation = "zscore-nonzero"
    tried_on = "written trees"
    choice_params = ("split",)

    class Params(BratsDataset.Params):
        """Which scans and cases are used."""

        modality: Literal["all", "flair", "t1", "t1c", "t2"] = param("all", help="one channel, or all four")
        grade: Literal["all", "HGG", "LGG"] = param("all", help="cases of one grade only")
        split: Literal["auto", "k-fold", "tsman", "massl"] = param(
            "auto",
            source="TSMAN, Datasets; MASSL, 3.0.1",
            help="tsman: 244/30, 25 HGG and 5 LGG to test; massl: 170/50 of the HGG; both refused unless the release "
            "is complete; auto: tsman where it is complete and no grade is asked for, else k-fold",
        )

    def split(self, fold: int, seed: int) -> Split | None:
        """The papers' counts, drawn by seed since their lists are unpublished; patients stay together."""
        if self.params.split == "massl":
            return self._massl(fold, seed, "split=k-fold with grade=HGG")
        refs = [] if self.params.split == "k-fold" else self.cases()
        complete = {grade: len(of) for grade, of in counted(refs, "grade").items()} == _SCANS
        if self.params.split == "tsman" and not complete:
            self._refuse(refs)
        return self._tsman(refs, fold, seed) if complete else None

    def _tsman(self, refs: Sequence[CaseRef], fold: int, seed: int) -> Split:
        rng, by_grade = generator(self.name, seed, fold), counted(refs, "grade")
        test = {name for grade, count in _TEST.items() for name in draw(by_grade[grade], count, rng)}
        return drawn_split(refs, test, "counts of TSMAN, whose lists are unpublished", seed, fold)

    def _refuse(self, refs: Sequence[CaseRef]) -> None:
        there = ", ".join(f"{len(of)} {grade}" for grade, of in sorted(counted(refs, "grade").items()))
        raise UserError(
            f"dataset {self.name}: split=tsman tests on 25 of 220 HGG and 5 of 54 LGG, but {there} are there; "
            "complete the data folder and use grade=all, or choose split=k-fold"
        )

    def _read(self, path: Path) -> Volume:
        return read_itk_volume(path)

    def _id_of(self, path: Path) -> str:
        return super()._id_of(path).removesuffix(".mha")

    def _part_of(self, path: Path) -> tuple[str, str] | None:
        image, label = _IMAGE.fullmatch(path.name), _LABEL.fullmatch(path.name)
        if not image and not label:
            return None
        return self._case_folder(path).name, image[1].lower() if image else LABEL

    def _case_folder(self, path: Path) -> Path:
        """The first folder above that is not one file's own."""
        return next(folder for folder in path.parents if not _OF_A_FILE.fullmatch(folder.name))
