"""Small trees of cardiac and brain MR and of the decathlon, in the publishers' layouts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import SimpleITK as sitk

SHAPE = (12, 10, 8)
OBLIQUE = np.array([[-0.9, 0.1, 0, 40], [0.1, 0.9, -0.3, -30], [0, 0.15, 2.9, -70], [0, 0, 0, 1.0]])
"""Non-identity direction cosines, about 0.9 x 0.92 x 2.9 mm."""
PIR = np.array([[0, 0, 0.9, -40], [-0.7, 0, 0, 60], [0, -0.8, 0, 50], [0, 0, 0, 1.0]])
"""Axes to posterior, inferior, right, as in HVSMR: 0.7, 0.8, 0.9 mm."""
BRATS_MODALITIES = {"Flair": "flair", "T1": "t1", "T1c": "t1ce", "T2": "t2"}
MSD_TASKS: Mapping[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "Task01_BrainTumour": ("BRATS", {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}, {"1": "edema", "2": "core"}),
    "Task02_Heart": ("la", {"0": "MRI"}, {"1": "left atrium"}),
    "Task03_Liver": ("liver", {"0": "CT"}, {"1": "liver", "2": "cancer"}),
    "Task04_Hippocampus": ("hippocampus", {"0": "MRI"}, {"1": "Anterior", "2": "Posterior"}),
    "Task05_Prostate": ("prostate", {"0": "T2", "1": "ADC"}, {"1": "PZ", "2": "TZ"}),
    "Task06_Lung": ("lung", {"0": "CT"}, {"1": "cancer"}),
    "Task07_Pancreas": ("pancreas", {"0": "CT"}, {"1": "pancreas", "2": "cancer"}),
    "Task08_HepaticVessel": ("hepaticvessel", {"0": "CT"}, {"1": "Vessel", "2": "Tumour"}),
    "Task09_Spleen": ("spleen", {"0": "CT"}, {"1": "spleen"}),
    "Task10_Colon": ("colon", {"0": "CT"}, {"1": "colon cancer primaries"}),
}
"""Folder -> begin of file names, modalities and labels of its dataset.json."""


def intensities(seed: int, shape: Sequence[int] = SHAPE) -> np.ndarray:
    """Random positive int16 within a border of 0, as around a stripped skull."""
    values = np.zeros(shape, np.int16)
    inside = tuple(slice(1, n - 1) for n in shape[:3])
    values[inside] = np.random.default_rng(seed).integers(1, 900, values[inside].shape)
    return values


def drawn(values: Sequence[int], shape: Sequence[int] = SHAPE) -> np.ndarray:
    """A label in which every value has a slab of its own, none of them symmetric; the rest is 0."""
    label = np.zeros(shape, np.uint8)
    for index, value in enumerate(values):
        label[2 + 2 * index : 4 + 2 * index, 2:5, 1 : 3 + index] = value
    return label


def write_nifti(path: Path, values: np.ndarray, affine: np.ndarray = OBLIQUE) -> Path:
    """Write with nibabel, making the folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


def write_mha(path: Path, values: np.ndarray, compressed: bool = True) -> Path:
    """Write with SimpleITK in an oblique geometry of ITK's own axes (LPS)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(values.transpose(2, 1, 0))
    image.SetSpacing((1.0, 1.5, 2.0))
    image.SetOrigin((0.0, -239.0, 7.0))
    image.SetDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    sitk.WriteImage(image, str(path), compressed)
    return path


def write_h5(path: Path, **arrays: np.ndarray) -> Path:
    """Write arrays (z, y, x) with h5py, compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file.create_dataset(key, data=values, compression="gzip")
    return path


def write_hvsmr(root: Path, form: str = "sa_crop", patients: Sequence[int] = (0, 4, 9)) -> None:
    """Training scans with labels of 16 bits and one test scan without."""
    for number in patients:
        name = f"training_{form}_pat{number}"
        write_nifti(root / "Training dataset" / f"{name}.nii.gz", intensities(number), PIR)
        write_nifti(root / "Ground truth" / f"{name}-label.nii.gz", drawn((1, 2)).astype(np.uint16), PIR)
    write_nifti(root / "Testing dataset" / f"testing_{form}_pat10.nii.gz", intensities(10), PIR)


def write_brats2015(root: Path) -> None:
    """Two scans of tcia_pat153 and one of 2013_pat0008, one file a folder; an LGG scan, flat and uncompressed."""
    scans = {"HGG/brats_tcia_pat153_0002": 1, "HGG/brats_tcia_pat153_0109": 2, "HGG/brats_2013_pat0008_1": 3}
    for folder, number in {**scans, "LGG/brats_tcia_pat101_0001": 4}.items():
        label = "VSD.Brain_3more.XX.XX.OT" if "pat0008" in folder else "VSD.Brain_3more.XX.O.OT"
        files = {f"VSD.Brain.XX.O.MR_{name}": intensities(4 * number + i) for i, name in enumerate(BRATS_MODALITIES)}
        for index, (stem, values) in enumerate({**files, label: drawn((1, 2, 3, 4))}.items()):
            stem = f"{stem}.{100 * number + index}"
            place = root / folder / (stem if folder.startswith("HGG") else "") / f"{stem}.mha"
            write_mha(place, values, compressed=folder.startswith("HGG"))


def write_brats2018(root: Path) -> None:
    """Two HGG and an LGG without enhancing tumour; labels of differing dtype."""
    values: dict[str, tuple[tuple[int, ...], Any]] = {
        "HGG/Brats18_CBICA_AAB_1": ((1, 2, 4), np.uint8),
        "HGG/Brats18_2013_2_1": ((1, 2, 4), np.float32),
        "LGG/Brats18_TCIA09_620_1": ((1, 2), np.int16),
    }
    for index, (folder, (labels, dtype)) in enumerate(values.items()):
        name = Path(folder).name
        for channel, modality in enumerate(BRATS_MODALITIES.values()):
            write_nifti(root / folder / f"{name}_{modality}.nii.gz", intensities(10 * index + channel))
        write_nifti(root / folder / f"{name}_seg.nii.gz", drawn(labels).astype(dtype))


def write_wmh(root: Path, training: str = "training") -> None:
    """A case of each site, and one of the test part whose scanner has a space and dots in its name."""
    scans = [f"{training}/Utrecht/0", f"{training}/Singapore/50", f"{training}/Amsterdam/GE3T/100"]
    for number, case in enumerate([*scans, "test/Amsterdam/Philips_VU .PETMR_01./160"]):
        for channel, name in enumerate(("FLAIR", "T1")):
            write_nifti(root / case / "pre" / f"{name}.nii.gz", intensities(2 * number + channel).astype(np.float32))
        write_nifti(root / case / "orig" / "3DT1.nii.gz", intensities(9, (14, 14, 14)), np.eye(4))
        write_nifti(root / case / "wmh.nii.gz", drawn((1, 2)).astype(np.float32))
        for observer in ("observer_o3", "observer_o4") if "test" not in case else ():
            label = np.roll(drawn((1,)), 1 + (observer == "observer_o4"), axis=0).astype(np.float32)
            write_nifti(root / "additional_annotations" / observer / case / "result.nii.gz", label)


def write_msd(root: Path, tasks: Sequence[str] = tuple(MSD_TASKS)) -> None:
    """Tasks with two training scans, one test scan and the twins that archives made on macOS hold."""
    for task in tasks:
        prefix, modality, labels = MSD_TASKS[task]
        names = [f"{prefix}_001.nii.gz", f"{prefix}_004.nii.gz"]
        shape = (*SHAPE, len(modality)) if len(modality) > 1 else SHAPE
        for index, name in enumerate(names):
            write_nifti(root / task / "imagesTr" / name, intensities(index, shape))
            write_nifti(root / task / "labelsTr" / name, drawn([int(key) for key in labels]))
            (root / task / "imagesTr" / f"._{name}").write_bytes(b"\0\5\26\7")
        write_nifti(root / task / "imagesTs" / f"{prefix}_002.nii.gz", intensities(2, shape))
        write_msd_json(root / task, names, modality, labels)


def write_msd_json(folder: Path, names: Sequence[str], modality: dict[str, str], labels: dict[str, str]) -> None:
    """dataset.json with the publisher's spelling."""
    content = {
        "name": folder.name,
        "licence": "CC-BY-SA 4.0",
        "relase": "1.0 04/05/2018",
        "tensorImageSize": "4D",
        "modality": modality,
        "labels": {"0": "background", **labels},
        "numTraining": len(names),
        "numTest": 1,
        "training": [{"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"} for name in names],
        "test": [f"./imagesTs/{names[0]}"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps(content))


def write_acdc(root: Path) -> None:
    """Three training patients with two frames each and a whole cycle; a test patient without labels."""
    for number in (1, 2, 90, 101):
        patient, part = f"patient{number:03}", "training" if number <= 100 else "testing"
        folder = root / part / patient
        write_nifti(folder / f"{patient}_4d.nii.gz", np.zeros((4, 4, 2, 3), np.int16))
        (folder / "Info.cfg").write_text("ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0")
        for frame in (1, 12):
            name = f"{patient}_frame{frame:02}"
            write_nifti(folder / f"{name}.nii.gz", intensities(number + frame))
            if number <= 100:
                write_nifti(folder / f"{name}_gt.nii.gz", drawn((1, 2, 3)))


def write_acdc_h5(root: Path, scribbles: bool = True) -> None:
    """SSL4MIS's lists and volumes of five patients, frames renumbered, and WSL4MIS's slices with scribbles."""
    parts = {"train": (99, 38, 50), "val": (28,), "test": (11,)}
    for part, numbers in parts.items():
        names = [f"patient{number:03}_frame0{frame}" for number in numbers for frame in (1, 2)]
        root.mkdir(parents=True, exist_ok=True)
        (root / f"{part}.list").write_text("".join(f"{name}\n" for name in names))
        for index, name in enumerate(names):
            image, label = intensities(index).transpose(2, 1, 0) / 900, drawn((1, 2, 3)).transpose(2, 1, 0)
            write_h5(root / "data" / f"{name}.h5", image=image.astype(np.float32), label=label)
            for number, (one, mask) in enumerate(zip(image, label)):
                more = (
                    {"scribble": np.where(np.arange(len(mask))[:, None] % 2, mask, 4).astype(np.uint8)}
                    if scribbles
                    else {}
                )
                write_h5(root / "data" / "slices" / f"{name}_slice_{number}.h5", image=one, label=mask, **more)


def write_volume_trees(root: Path) -> None:
    """All of them, each in the folder of its dataset's id."""
    writers = (write_hvsmr, write_brats2015, write_brats2018, write_wmh, write_msd, write_acdc)
    names = ("hvsmr2016", "brats2015", "brats2018", "wmh2017", "msd", "acdc")
    for name, write in zip(names, writers):
        write(root / name)
