"""`nsbench data check` names every problem, `nsbench data preview` draws any dataset."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from nsbench.benchmark.inspection.headers import disagreement
from nsbench.benchmark.registry import Registries

from ..datasets.written_trees import (
    AFFINE,
    body,
    write_bids,
    write_covid,
    write_folder,
    write_mapillary,
    write_nnunet,
    write_uestc,
    write_volume,
)
from ..datasets.written_volumes import (
    write_acdc,
    write_acdc_h5,
    write_brats2015,
    write_brats2018,
    write_hvsmr,
    write_msd,
    write_wmh,
)

Command = Callable[..., Result]
PLUGIN = Path(__file__).parents[1] / "data" / "tilted_volumes.py"
NO_TORCH = """
import sys
from nsbench.benchmark.cli.main import main
sys.argv = ["nsbench", "data", "check", "phantom,ndim=2,cases=2,size=16", "--json"]
try:
    main()
finally:
    print([name for name in ("torch", "monai", "ray", "matplotlib") if name in sys.modules], file=sys.stderr)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Six volumes in six orientations."""
    dataset = Registries(loose=(PLUGIN,)).datasets.get("tilted").load()
    root: Path = dataset.write(tmp_path / "tilted")
    return root


def changed(path: Path, change: Callable[[np.ndarray], np.ndarray], affine: Any = None) -> None:
    """Write a volume again."""
    file = nibabel.load(path)
    array = change(np.asarray(file.dataobj))
    nibabel.save(nibabel.Nifti1Image(array, file.affine if affine is None else affine), path)


def check(nsbench: Command, tree: Path, *options: str) -> tuple[int, dict[str, Any]]:
    name = ",".join(("tilted", *options))
    result = nsbench("data", "check", name, "--data-root", tree, "--plugin", PLUGIN, "--json")
    return result.exit_code, json.loads(result.stdout)


def test_sound_data_are_described(nsbench: Command, tree: Path) -> None:
    code, report = check(nsbench, tree)
    assert (code, report["ok"], report["problems"]) == (0, True, [])
    first = report["cases"][1]
    assert (first["id"], first["orientation"], first["annotations"]) == ("p1", "LPI", ["second"])
    assert first["spacing"] == pytest.approx([1.5, 1.5, 8.0], rel=1e-4)
    label = np.asarray(nibabel.load(tree / "labels" / "p1.nii.gz").dataobj)
    image = np.asarray(nibabel.load(tree / "images" / "p1.nii.gz").dataobj)
    counts = np.bincount(label.astype(int).ravel()).tolist()
    assert first["voxels"] == dict(zip(("background", "body", "core"), counts))
    assert first["intensity"] == [image.min(), image.max()]
    assert [remark["check"] for remark in report["remarks"]] == ["orientation"]


def test_every_problem_is_named_not_only_the_first(nsbench: Command, tree: Path) -> None:
    truncated = tree / "images" / "p0.nii.gz"
    truncated.write_bytes(truncated.read_bytes()[:-400])
    changed(tree / "labels" / "p1.nii.gz", lambda label: label + np.uint8(4))
    changed(tree / "labels" / "p2.nii.gz", lambda label: label[:-1])
    changed(tree / "images" / "p3.nii.gz", lambda image: np.where(image > 400, np.nan, image.astype(np.float32)))
    changed(tree / "second" / "p3.nii.gz", lambda label: label + np.uint8(9))
    for folder in ("images", "labels", "second"):
        shutil.copyfile(tree / folder / "p4.nii.gz", tree / folder / "p5.nii.gz")
    code, report = check(nsbench, tree)
    assert code == 1
    found = {(note["case"], note["check"]) for note in report["problems"]}
    assert found == {
        ("p0", "reading"),
        ("p1", "labels"),
        ("p2", "geometry"),
        ("p3", "intensity"),
        ("p3", "labels"),
        ("p5", "duplicates"),
    }
    texts = {(note["case"], note["check"]): note["message"] for note in report["problems"]}
    assert str(truncated) in texts["p0", "reading"]
    assert "[4, 5, 6]" in texts["p1", "labels"]
    assert "annotation second" in texts["p3", "labels"]
    assert "case p4 (of another patient, p4)" in texts["p5", "duplicates"]
    table = nsbench("data", "check", "tilted", "--data-root", tree, "--plugin", PLUGIN)
    assert table.exit_code == 1
    assert all(f"case {case}: " in table.stdout for case, _ in found)
    assert "6 problems" in table.stdout


def test_headers_that_disagree_are_problems_and_oddities_remarks(nsbench: Command, tree: Path) -> None:
    flipped = nibabel.load(tree / "labels" / "p0.nii.gz").affine @ np.diag([-1, 1, 1, 1])
    changed(tree / "labels" / "p0.nii.gz", lambda label: label, flipped)
    changed(tree / "labels" / "p1.nii.gz", lambda label: label * 0)
    changed(tree / "images" / "p2.nii.gz", lambda image: image, np.eye(4))
    (tree / "second" / "p3.nii.gz").unlink()
    code, report = check(nsbench, tree)
    assert code == 1
    found = {kind: {(note["case"], note["check"]) for note in report[kind]} for kind in ("problems", "remarks")}
    assert found["problems"] == {("p0", "geometry"), ("p2", "geometry")}
    assert found["remarks"] == {("p1", "labels"), ("p2", "spacing"), ("", "annotations"), ("", "orientation")}
    texts = [note["message"] for note in report["problems"] + report["remarks"]]
    assert any(
        str(tree / "labels" / "p0.nii.gz") in text and str(tree / "images" / "p0.nii.gz") in text for text in texts
    )
    assert "second: 5 of 6 cases" in texts


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
def test_headers_of_every_format_are_compared(nsbench: Command, tmp_path: Path, suffix: str) -> None:
    write_folder(tmp_path, suffix)
    image, label = tmp_path / "images" / f"p1_a{suffix}", tmp_path / "masks" / f"p1_a{suffix}"
    write_volume(label, (body(0)[1] > 0).astype(np.uint8), AFFINE @ np.diag([-1.0, 1, 1, 1]))
    result = nsbench("data", "check", "folder", "--data-root", tmp_path)
    assert result.exit_code == 1
    assert "1 problem\n" in result.stdout
    assert all(text in result.stdout for text in (str(label), str(image), "trust_headers=false"))
    result = nsbench("data", "check", "folder,trust_headers=false", "--data-root", tmp_path)
    assert (result.exit_code, "3 cases found, 3 read, no problems" in result.stdout) == (0, True)
    (message,) = disagreement([image, label])
    assert message.startswith(f"{label}: its voxels lie up to ")


@pytest.mark.parametrize("name", ["folder", "nnunet"])
def test_a_damaged_first_image_is_one_problem_of_its_case(nsbench: Command, tmp_path: Path, name: str) -> None:
    write_folder(tmp_path) if name == "folder" else write_nnunet(tmp_path)
    images = sorted((tmp_path / ("images" if name == "folder" else "imagesTr")).iterdir())
    images[0].write_text("version https://git-lfs.github.com/spec/v1\n")
    result = nsbench("data", "check", name, "--data-root", tmp_path, "--json")
    report = json.loads(result.stdout)
    (problem,) = report["problems"]
    assert (result.exit_code, len(report["cases"]), problem["check"]) == (1, 2, "reading")
    assert f"{images[0]}: a Git LFS pointer" in problem["message"]
    for image in images:
        image.write_bytes(b"damaged")
    result = nsbench("data", "check", name, "--data-root", tmp_path, "--json")
    problems = json.loads(result.stdout)["problems"]
    assert result.exit_code == 1
    assert [problem["case"] for problem in problems if problem["check"] == "reading"][1:] == [
        path.name.split(".")[0].removesuffix("_0000") for path in images if "_0001" not in path.name
    ]


@pytest.mark.parametrize(
    ("name", "write", "gone", "left"),
    [
        ("folder", write_folder, "masks/p1_a.nii.gz", 2),
        ("folder", write_folder, "images/p1_a.nii.gz", 2),
        ("nnunet", write_nnunet, "labelsTr/a_01.nii.gz", 2),
        ("nnunet", write_nnunet, "imagesTr/a_01_0001.nii.gz", 2),
        ("covid19-ct-seg", write_covid, "Infection_Mask/coronacases_001.nii", 2),
        ("bids-derivatives", write_bids, "sub-02/anat/sub-02_run-1_T1w.nii.gz", 2),
        ("brats2018", write_brats2018, "HGG/Brats18_2013_2_1/Brats18_2013_2_1_seg.nii.gz", 2),
        ("brats2018", write_brats2018, "HGG/Brats18_2013_2_1/Brats18_2013_2_1_flair.nii.gz", 2),
        ("brats2015", write_brats2015, "LGG/brats_tcia_pat101_0001/VSD.Brain.XX.O.MR_T1.401.mha", 3),
        ("wmh2017", write_wmh, "training/Utrecht/0/wmh.nii.gz", 3),
        ("wmh2017", write_wmh, "training/Utrecht/0/pre/FLAIR.nii.gz", 3),
        ("wmh2017,modality=flair+t1", write_wmh, "training/Utrecht/0/pre/T1.nii.gz", 3),
        ("msd:spleen", write_msd, "Task09_Spleen/imagesTr/spleen_001.nii.gz", 1),
        ("msd:spleen", write_msd, "Task09_Spleen/labelsTr/spleen_001.nii.gz", 1),
        ("acdc", write_acdc, "training/patient001/patient001_frame01.nii.gz", 5),
        ("acdc", write_acdc, "training/patient001/patient001_frame01_gt.nii.gz", 5),
        ("acdc", write_acdc, "training/patient001/Info.cfg", 4),
        ("acdc", write_acdc_h5, "data/patient099_frame01.h5", 9),
    ],
)
def test_incomplete_cases_do_not_hide_the_others(
    nsbench: Command, tmp_path: Path, name: str, write: Callable[[Path], None], gone: str, left: int
) -> None:
    write(tmp_path)
    (tmp_path / gone).unlink()
    result = nsbench("data", "check", name, "--data-root", tmp_path, "--json")
    report = json.loads(result.stdout)
    # some of these trees hold one image twice
    (problem,) = (note for note in report["problems"] if note["check"] != "duplicates")
    assert (result.exit_code, len(report["cases"]), problem["check"]) == (1, left, "listing")
    run = nsbench("data", "preview", name, "--data-root", tmp_path, "--out", tmp_path / "out")
    assert (run.exit_code, problem["message"] in run.stderr) == (2, True)


def test_a_listed_case_that_is_incomplete_is_one_problem(nsbench: Command, tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "cases.csv").write_text("id,site\np1_a,A\np1_b,A\np2_a,B\n")
    (tmp_path / "masks" / "p1_a.nii.gz").unlink()
    report = json.loads(nsbench("data", "check", "folder", "--data-root", tmp_path, "--json").stdout)
    assert (len(report["cases"]), [note["check"] for note in report["problems"]]) == (2, ["listing"])


@pytest.mark.parametrize(
    ("name", "write", "gone"),
    [
        ("folder", write_folder, "masks/*.nii.gz"),
        ("hvsmr2016", write_hvsmr, "Ground truth/*-label.nii.gz"),
        ("brats2018,grade=HGG", write_brats2018, "*/*/*_flair.nii.gz"),
    ],
)
def test_the_gap_is_told_where_no_case_is_complete(
    nsbench: Command, tmp_path: Path, name: str, write: Callable[[Path], None], gone: str
) -> None:
    write(tmp_path)
    for path in tmp_path.glob(gone):
        path.unlink()
    report = json.loads(nsbench("data", "check", name, "--data-root", tmp_path, "--json").stdout)
    gap, none = (note["message"] for note in report["problems"])
    assert ("complete" in gap, none) == (True, "no case with a label was found")


@pytest.mark.parametrize(
    ("name", "write", "stray"),
    [
        ("folder", write_folder, "images/README.txt"),
        ("folder", write_folder, "masks/README.txt"),
        ("mapillary", write_mapillary, "training/images/README.txt"),
        ("uestc-covid19", write_uestc, "part2/label/README.txt"),
    ],
)
def test_a_stray_file_does_not_hide_the_cases(
    nsbench: Command, tmp_path: Path, name: str, write: Callable[[Path], None], stray: str
) -> None:
    write(tmp_path)
    (tmp_path / stray).write_text("About these images.")
    result = nsbench("data", "check", name, "--data-root", tmp_path, "--json")
    report = json.loads(result.stdout)
    (problem,) = (note for note in report["problems"] if note["check"] == "listing")
    assert (result.exit_code, len(report["cases"])) == (1, 3)
    assert str(tmp_path / stray) in problem["message"]
    run = nsbench("data", "preview", name, "--data-root", tmp_path, "--out", tmp_path / "out")
    assert (run.exit_code, problem["message"] in run.stderr) == (2, True)


def test_equal_remarks_are_one_line_and_annotators_a_column(nsbench: Command, tree: Path) -> None:
    for name in ("p0", "p1"):
        changed(tree / "labels" / f"{name}.nii.gz", lambda label: label * 0)
    result = nsbench("data", "check", "tilted", "--data-root", tree, "--plugin", PLUGIN)
    assert "- cases p0, p1: the label is empty [labels]" in result.stdout
    assert "annotators" in result.stdout
    assert result.stdout.count("second") == 6


def test_a_recipe_that_a_case_does_not_allow_is_a_problem(nsbench: Command, tree: Path) -> None:
    code, report = check(nsbench, tree, "spacing=[1, 1]")
    assert code == 1
    assert {note["check"] for note in report["problems"]} == {"preprocessing"}
    assert len(report["problems"]) == 6


def test_an_unknown_layout_is_a_problem_and_a_wrong_call_an_error(nsbench: Command, tmp_path: Path) -> None:
    (tmp_path / "la").mkdir()
    result = nsbench("data", "check", "la", "--data-root", tmp_path / "la", "--json")
    assert result.exit_code == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["check"] == "listing"
    assert "Looked for" in problem["message"]
    for words in (["no-such"], ["la", "--data-root", str(tmp_path / "nowhere")], ["phantom:nothing"], ["phantom,jsrt"]):
        result = nsbench("data", "check", *words)
        assert result.exit_code == 2
        assert result.stderr.startswith("nsbench: ")


def test_checking_does_not_import_torch() -> None:
    done = subprocess.run([sys.executable, "-c", NO_TORCH], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
    assert len(json.loads(done.stdout)["cases"]) == 2


@pytest.mark.parametrize("task", ["chamber", "lesions", "multiclass"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_a_preview_of_a_generated_dataset(nsbench: Command, tmp_path: Path, task: str, ndim: int) -> None:
    name = f"phantom:{task},ndim={ndim},cases=6,size=24"
    result = nsbench("data", "preview", name, "--out", tmp_path / "new", "--cases", 5)
    assert result.exit_code == 0, result.stderr
    path = tmp_path / "new" / f"phantom-{task}-ndim-{ndim}-cases-6-size-24.png"
    assert result.stdout.strip() == str(path)
    with Image.open(path) as picture:
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    # the contours of the first class are orange, the scans grey
    assert ((colours[:, 0] > 200) & (colours[:, 2] < 60)).sum() > 100


def test_a_preview_shows_volumes_upright_whatever_their_orientation(tree: Path) -> None:
    from nsbench.benchmark.inspection.preview import case_panel

    plugin = Registries(loose=(PLUGIN,)).datasets.get("tilted")
    dataset = plugin.load()(tree, None, plugin.load().Params())
    panels = [case_panel(dataset.load(ref), dataset.task) for ref in dataset.cases()]
    for index, panel in enumerate(panels):
        assert panel.pixels.shape == (36, 40)
        assert panel.aspect == pytest.approx(1, rel=1e-4)
        assert list(panel.labels) == ["label", "second"]
        rows, columns = np.nonzero(panel.labels["label"] == 2)
        assert (columns.mean(), rows.mean()) == pytest.approx((14 + index, 35 - 16), abs=0.5)


def test_a_preview_leaves_bad_cases_out_and_names_them(nsbench: Command, tree: Path, tmp_path: Path) -> None:
    changed(tree / "labels" / "p0.nii.gz", lambda label: label + np.uint8(4))
    options = ("--data-root", tree, "--plugin", PLUGIN, "--out", tmp_path / "out")
    result = nsbench("data", "preview", "tilted", *options)
    assert result.exit_code == 0
    assert result.stderr.startswith("case p0 is left out: [tilted/labels]")
    assert result.stdout.strip() == str(tmp_path / "out" / "tilted-tilted-blob.png")
    assert Path(result.stdout.strip()).is_file()
    for path in (tree / "labels").iterdir():
        path.write_bytes(b"damaged")
    result = nsbench("data", "preview", "tilted", *options)
    assert result.exit_code == 2
    assert all(f"case p{i} is left out" in result.stderr for i in range(6))


def test_previews_of_two_folders_are_two_files(nsbench: Command, tmp_path: Path) -> None:
    for name in ("heart", "lung"):
        write_folder(tmp_path / name, ".png")
        nsbench("data", "preview", "folder", "--data-root", tmp_path / name, "--out", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["folder-heart-all.png", "folder-lung-all.png"]


def test_each_class_has_an_entry_for_each_kind_of_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    from nsbench.benchmark.inspection.sheet import Panel, draw_sheet

    entries: list[list[tuple[str, str, str]]] = []
    monkeypatch.setattr(
        Figure,
        "legend",
        lambda self, handles, **_: entries.append([(h.get_label(), h.get_color(), h.get_linestyle()) for h in handles]),
    )
    label = np.eye(8, dtype=np.uint8)
    panel = Panel("one", label * 1.0, {"clean": label, "corrupted": label})
    for classes in (["a"], ["a", "b"]):
        draw_sheet([panel], classes, tmp_path / "sheet.png")
    draw_sheet([Panel("one", label * 1.0, {"label": label})], ["a"], tmp_path / "sheet.png")
    orange, blue = "#E69F00", "#56B4E9"
    assert entries[0] == [("a, clean", orange, "-"), ("a, corrupted", blue, "--")]
    assert entries[1] == [
        (f"{c}, {k}", h, s) for k, s in (("clean", "-"), ("corrupted", "--")) for c, h in (("a", orange), ("b", blue))
    ]
    assert entries[2] == [("a", orange, "-")]
