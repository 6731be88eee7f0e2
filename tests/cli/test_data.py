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

from nsbench.benchmark.registry import Registries

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


def test_headers_that_disagree_and_oddities_are_remarked_on(nsbench: Command, tree: Path) -> None:
    flipped = nibabel.load(tree / "labels" / "p0.nii.gz").affine @ np.diag([-1, 1, 1, 1])
    changed(tree / "labels" / "p0.nii.gz", lambda label: label, flipped)
    changed(tree / "labels" / "p1.nii.gz", lambda label: label * 0)
    changed(tree / "images" / "p2.nii.gz", lambda image: image, np.eye(4))
    code, report = check(nsbench, tree)
    assert code == 0
    found = {(note["case"], note["check"]) for note in report["remarks"]}
    assert found == {("p0", "geometry"), ("p1", "labels"), ("p2", "spacing"), ("p2", "geometry"), ("", "orientation")}


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
    path = tmp_path / "new" / f"phantom-{task}.png"
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


def test_a_preview_of_a_bad_case_names_it(nsbench: Command, tree: Path, tmp_path: Path) -> None:
    changed(tree / "labels" / "p0.nii.gz", lambda label: label + np.uint8(4))
    options = ("--data-root", tree, "--plugin", PLUGIN, "--out", tmp_path / "out")
    result = nsbench("data", "preview", "tilted", *options)
    assert result.exit_code == 2
    assert "case p0" in result.stderr
