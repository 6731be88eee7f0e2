"""Small trees in generic layouts and those of CT collections and street scenes, written by their tools' own means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import SimpleITK as sitk
import tifffile
from PIL import Image
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AFFINE = np.array([[-0.5, 0, 0, 40], [0, -0.6, 0.1, 30], [0, 0.1, 2.5, -70], [0, 0, 0, 1.0]])
"""Oblique, 0.5 x 0.61 x 2.5 mm, x and y pointing to the left and to the back, as CT scanners have it."""


def body(seed: int = 0, shape: tuple[int, ...] = (12, 10, 8)) -> tuple[np.ndarray, np.ndarray]:
    """Raw int16 intensities and a label 0, 1, 2: a box within a box, off centre."""
    label = np.zeros(shape, np.uint8)
    label[3:9, 2:7] = 1
    label[4:6, 3:5] = 2
    if len(shape) == 3:
        label[:, :, :2] = label[:, :, 6:] = 0
    noise = np.random.default_rng(seed).integers(-20, 20, shape)
    return (noise + 40 + 60 * label.astype(int)).astype(np.int16), label


def write_volume(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    """Write `[x, y, z]` by the suffix, with the affine (RAS+)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith((".nii", ".nii.gz")):
        nibabel.save(nibabel.Nifti1Image(values, affine), path)
        return
    image = sitk.GetImageFromArray(values.T)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    sitk.WriteImage(image, str(path), useCompression=True)


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Write `[rows, columns(, 3)]` by the suffix; TIFF as nnU-Net's Tiff3DIO does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".tif", ".tiff"):
        tifffile.imwrite(path, data=pixels, compression="zlib")
    else:
        Image.fromarray(pixels).save(path)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_nnunet(root: Path, ending: str = ".nii.gz", names: tuple[str, ...] = ("a_01", "b_01", "b_02")) -> None:
    """Two channels, two classes, three training cases."""
    for i, name in enumerate(names):
        image, label = body(i)
        write_volume(root / "imagesTr" / f"{name}_0000{ending}", image)
        write_volume(root / "imagesTr" / f"{name}_0001{ending}", image + np.int16(500))
        write_volume(root / "labelsTr" / f"{name}{ending}", label)
    write_json(
        root / "dataset.json",
        {
            "channel_names": {"0": "T1", "1": "T2"},
            "labels": {"background": 0, "organ": 1, "lesion": 2},
            "numTraining": len(names),
            "file_ending": ending,
        },
    )


def write_nnunet_pictures(root: Path) -> None:
    """RGB pictures, one file each, and labels of 0, 1, 2."""
    for name in ("img-1", "img-2"):
        image, label = body(len(name), (12, 10))
        rgb = np.stack([image, image + 1, image + 2], axis=-1).astype(np.uint8)
        write_picture(root / "imagesTr" / f"{name}_0000.png", rgb)
        write_picture(root / "labelsTr" / f"{name}.png", label)
    channels = {"0": "R", "1": "G", "2": "B"}
    labels = {"background": 0, "organ": 1, "lesion": 2}
    write_json(root / "dataset.json", {"channel_names": channels, "labels": labels, "file_ending": ".png"})


def write_folder(root: Path, suffix: str = ".nii.gz", names: tuple[str, ...] = ("p1_a", "p1_b", "p2_a")) -> None:
    """`images/` and `masks/` of 0 and 1, or, of pictures, of 0 and 255."""
    flat = suffix in (".png", ".bmp", ".jpg")
    for i, name in enumerate(names):
        image, label = body(i, (12, 10) if flat else (12, 10, 8))
        mask = (label > 0).astype(np.uint8)
        if flat:
            write_picture(root / "images" / f"{name}{suffix}", image.astype(np.uint8))
            write_picture(root / "masks" / f"{name}.png", mask * np.uint8(255))
        else:
            write_volume(root / "images" / f"{name}{suffix}", image)
            write_volume(root / "masks" / f"{name}{suffix}", mask)


def write_series(folder: Path, hounsfield: np.ndarray, slope: float = 2.0, series: str = "1.2.3") -> list[Path]:
    """Write `[x, y, z]` as CT slices of 0.7 x 0.8 x 2.5 mm, numbered from the feet up."""
    folder.mkdir(parents=True, exist_ok=True)
    for z in range(hounsfield.shape[2]):
        data = pydicom.Dataset()
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = CTImageStorage
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.SeriesInstanceUID, data.InstanceNumber = series, z + 1
        data.ImagePositionPatient, data.ImageOrientationPatient = [-180, -170, 2.5 * z - 40], [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.RescaleSlope, data.RescaleIntercept = [0.8, 0.7], slope, -1024
        data.Rows, data.Columns = hounsfield.shape[1], hounsfield.shape[0]
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.PixelData = ((hounsfield[:, :, z].T + 1024) / slope).astype("<u2").tobytes()
        # names say nothing about the order
        data.save_as(folder / f"{7 * z % 8:06}.dcm", enforce_file_format=True)
    return sorted(folder.iterdir())


def abdomen() -> tuple[np.ndarray, np.ndarray]:
    """A CT scan in HU, even numbers, and its pancreas 0 and 1, in air, muscle and bone."""
    scan = np.full((12, 10, 8), -1000, np.int16)
    scan[1:11, 1:9] = -90
    scan[4:8, 7:9] = 700
    mask = np.zeros(scan.shape, np.uint8)
    mask[3:9, 3:5, 1:5] = mask[5:9, 2:3, 2:4] = 1
    scan[mask > 0] = 90
    return scan, mask


def write_nih(root: Path, numbers: tuple[int, ...] = (1, 2, 21), flip: tuple[int, ...] = ()) -> None:
    """TCIA's download: series below patient and study, labels in a folder of their own, one of a withdrawn scan."""
    scan, mask = abdomen()
    for number in numbers:
        write_series(root / "Pancreas-CT" / f"PANCREAS_{number:04}" / "11-24-2015-18957" / "Pancreas-63502", scan)
    for number in (*numbers, 25):
        label = np.ascontiguousarray(np.flip(mask, flip))
        path = root / "TCIA_pancreas_labels-02-05-2017" / f"label{number:04}.nii.gz"
        write_volume(path, label, np.eye(4))


def write_uestc(root: Path) -> None:
    """Two non-expert and one expert scan of one name, 0 to 1, labels with a header of their own."""
    for part, names in {"part1": ("1", "2"), "part2": ("1",)}.items():
        for name in names:
            image, label = body(int(name))
            write_volume(root / part / "image" / f"{name}.nii.gz", np.clip(image / 200, 0, 1).astype(np.float32))
            write_volume(root / part / "label" / f"{name}.nii.gz", (label > 0).astype(np.uint8), np.eye(4))


COVID_NAMES = {
    "coronacases_001": "coronacases_org_001",
    "radiopaedia_29_86490_1": "radiopaedia_org_covid-19-pneumonia-29_86490_1-dcm",
    "radiopaedia_29_86491_1": "radiopaedia_org_covid-19-pneumonia-29_86491_1-dcm",
}
"""Names at Zenodo -> those of Kaggle's scans."""


def write_covid(root: Path, kaggle: bool = False, affine: np.ndarray = AFFINE) -> None:
    """One scan in HU and two, of one patient, windowed to 0..255; lungs 1 and 2, infection 3 within."""
    for i, (name, longer) in enumerate(COVID_NAMES.items()):
        image, lungs = body(i)
        both = np.where(image % 5 == 0, 3 * (lungs > 0), lungs).astype(np.uint8)
        scan = 20 * image - 1400 if name.startswith("corona") else np.clip(image, 0, 255)
        folder = "ct_scans" if kaggle else "COVID-19-CT-Seg_20cases"
        write_volume(root / folder / f"{longer if kaggle else name}.nii", scan, affine)
        masks = {"Lung_Mask": lungs, "Infection_Mask": (both == 3).astype(np.uint8), "Lung_and_Infection_Mask": both}
        for mask, label in masks.items():
            write_volume(root / (mask.lower() if kaggle else mask) / f"{name}.nii", label, affine)


def street(seed: int = 0) -> np.ndarray:
    """An RGB picture of 16 x 24 pixels, smooth enough for JPEG."""
    rows, columns = np.mgrid[:16, :24]
    return np.stack([8 * rows + seed, 5 * columns, 100 + rows - columns], axis=-1).astype(np.uint8)


def write_cityscapes(root: Path) -> None:
    """Road (7), car (26), and what is ignored: the ego vehicle (1), a licence plate (-1, stored as 255)."""
    label = np.full((16, 24), 7, np.uint8)
    label[4:8, 6:18], label[12:], label[6:8, 8:10] = 26, 1, 255
    for part, city, names in (("train", "aachen", "ab"), ("train", "ulm", "c"), ("val", "munster", "d")):
        for i, _ in enumerate(names):
            name = f"{city}_{i:06}_000019"
            write_picture(root / "leftImg8bit" / part / city / f"{name}_leftImg8bit.png", street(i))
            write_picture(root / "gtFine" / part / city / f"{name}_gtFine_labelIds.png", label)
            write_picture(root / "gtFine" / part / city / f"{name}_gtFine_color.png", street())


MAPILLARY = ("animal--bird", "construction--flat--road", "marking--general", "object--vehicle--car", "void--unlabeled")


def write_mapillary(root: Path, version: str = "v1.2", config: str = "config_v1.2.json") -> None:
    """Five labels, the last of which is not evaluated; palette PNGs."""
    label = np.full((16, 24), 1, np.uint8)
    label[4:8, 6:18], label[10, ::2], label[12:], label[:2, :3] = 3, 2, 4, 0
    entries = [{"name": name, "readable": name, "evaluate": name != "void--unlabeled"} for name in MAPILLARY]
    write_json(root / config, {"labels": entries, "version": "1.2"})
    for part, names in {"training": ("-a_1", "b"), "validation": ("c",)}.items():
        for name in names:
            write_picture(root / part / "images" / f"{name}.jpg", street())
            indexed = Image.fromarray(label)
            indexed.putpalette([value for i in range(5) for value in (50 * i, 10, 20)])
            path = root / part / version / "labels" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            indexed.save(path)


BIDS_VALUES = (0, 10, 17)


def write_bids(root: Path) -> None:
    """Two sessions of a subject and one of another, without session but with a run; dseg of 10 and 17, masks."""
    write_json(root / "dataset_description.json", {"Name": "toy", "BIDSVersion": "1.9.0"})
    for i, (folder, case) in enumerate((("sub-01/ses-a", ""), ("sub-01/ses-b", ""), ("sub-02", "_run-1"))):
        name = folder.replace("/", "_")
        image, label = body(i)
        for suffix, values in {"T1w": image, "FLAIR": image + np.int16(7)}.items():
            write_volume(root / folder / "anat" / f"{name}{case}_{suffix}.nii.gz", values)
        stored = np.array(BIDS_VALUES, np.uint8)[label]
        base = root / "derivatives" / "manual" / folder / "anat"
        write_volume(base / f"{name}{case}_desc-x_dseg.nii.gz", stored)
        write_volume(base / f"{name}{case}_label-lesion_mask.nii.gz", (label == 2).astype(np.uint8))
    (root / "derivatives" / "manual" / "desc-x_dseg.tsv").write_text("index\tname\n0\tbg\n10\torgan\n17\tlesion\n")


def write_formats(root: Path) -> None:
    """One tree a dataset, in a folder of its id."""
    write_nnunet(root / "nnunet")
    write_folder(root / "folder")
    write_nih(root / "nih-pancreas")
    write_uestc(root / "uestc-covid19")
    write_covid(root / "covid19-ct-seg")
    write_cityscapes(root / "cityscapes")
    write_mapillary(root / "mapillary")
    write_bids(root / "bids-derivatives")
