"""BraTS 2018: brain tumours in four MR modalities, as NIfTI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from ..benchmark.plugin import Split, param
from ._brats import LABEL, BratsDataset
from ._nifti import SUFFIX

_NAME = re.compile(rf"(Brats18_(2013|CBICA|TCIA\d\d)_\w+?)_(t1|t1ce|t2|flair|seg){SUFFIX}")
_CHOICES = (
    "split=massl-shares (the same shares of the HGG that are there), split=k-fold with grade=HGG, or the dataset "
    "brats2015 with split=massl"
)


class BraTS2018(BratsDataset):
    """285 pre-operative gliomas (210 HGG, 75 LGG) in FLAIR, T1, contrast-enhanced T1 and T2.

    Reads `{HGG,LGG}/<ID>/<ID>_{t1,t1ce,t2,flair,seg}.nii.gz` (or `.nii`), at any depth. A copy without the folders
    HGG and LGG has cases of unknown grade, which serve wherever no grade is asked for. Stored values are 1 necrotic
    and non-enhancing core, 2 oedema, 4 enhancing tumour; 3 is refused. 27 of the LGG have no enhancing tumour.
    Licence: by registration; no redistribution.
    """

    name = "brats2018"
    citation = (
        "Menze et al., 'The multimodal brain tumor image segmentation benchmark (BRATS)', TMI 2015; Bakas et al., "
        "'Advancing the Cancer Genome Atlas glioma MRI collections', Scientific Data 2017; BraTS 2018 challenge"
    )
    tasks = ("whole-tumour", "tissues")
    modalities = ("flair", "t1", "t1ce", "t2")
    tissues: ClassVar[Mapping[int, str]] = {1: "core without enhancement", 2: "oedema", 4: "enhancing tumour"}
    layout = "[HGG/|LGG/]<ID>/<ID>_{flair,t1,t1ce,t2,seg}.nii[.gz], <ID> like Brats18_CBICA_AAB_1, at any depth"
    landmarks = ("*_seg.nii*", "*_flair.nii*", "HGG")
    remedy = (
        "a 3 betrays nnU-Net's conversion (which also exchanges 1 and 2) or a release from 2023 on: fetch the "
        "labels of 2018, or read the converted ones with the dataset nnunet"
    )
    normalisation = "zscore-nonzero"
    tried_on = "written trees"
    choice_params = ("split",)

    class Params(BratsDataset.Params):
        """Which scans and cases are used."""

        modality: Literal["all", "flair", "t1", "t1ce", "t2"] = param(
            "flair", source="MASSL, 3.0.1", help="the channel, or all four"
        )
        grade: Literal["all", "HGG", "LGG"] = param("all", help="cases of one grade only")
        split: Literal["k-fold", "massl", "massl-shares"] = param(
            "k-fold",
            source="MASSL, 3.0.1",
            help="massl: 170/50 of 220 HGG, refused where there are not as many; massl-shares: the same shares of the "
            "HGG that are there; drawn anew for every fold",
        )

    def split(self, fold: int, seed: int) -> Split | None:
        """None, or the HGG cases drawn anew for every fold (Monte Carlo), as MASSL does."""
        if self.params.split == "k-fold":
            return None
        return self._massl(fold, seed, _CHOICES if self.params.split == "massl" else "")

    def _part_of(self, path: Path) -> tuple[str, str] | None:
        match = _NAME.fullmatch(path.name)
        return (match[1], LABEL if match[3] == "seg" else match[3]) if match else None
