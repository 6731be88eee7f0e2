"""The grid of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import Plan, plan, plan_loaded


def _plan(registries: Registries, **flags: Any) -> Plan:
    return plan_loaded(load(flags=flags), registries)


def _ids(registries: Registries, **flags: Any) -> set[str]:
    return {cell.id for cell in _plan(registries, **flags).cells}


def test_all_means_blind_then_trusted_then_scarce(registries: Registries) -> None:
    found = _plan(registries)
    knows = [str(registries.methods.get(cell.label).attributes.get("knows", "blind")) for cell in found.cells]
    assert list(dict.fromkeys(knows)) == ["blind", "trusted", "scarce"]
    assert {"t-blind", "a-trusted", "a-scarce"} <= {cell.label for cell in found.cells}
    assert found.left_out == []


def test_a_scarce_method_is_left_out_where_noise_leaves_nothing_unlabeled_or_nothing_clean(
    registries: Registries,
) -> None:
    found = _plan(registries, methods="ce,a-scarce,label-alone", ratios="0,0.5,1")
    rows = {(cell.label, cell.identity.supervision.ratio) for cell in found.cells}
    assert rows == {("ce", 0), ("ce", 0.5), ("ce", 1), ("a-scarce", 0.5), ("label-alone", 0), ("label-alone", 0.5)}
    assert [reason.split(":")[0] for reason in found.left_out] == ["a-scarce", "a-scarce", "label-alone"]
    with pytest.raises(UserError, match=r"nothing is left to run.*no case is corrupted"):
        _plan(registries, methods="a-scarce", ratios="0")


def test_order_is_seed_by_seed(registries: Registries) -> None:
    cells = _plan(registries, methods="ce,mae", ratios="0.25,0.5", seeds="2").cells
    assert [cell.identity.seed for cell in cells] == [0] * 4 + [1] * 4
    assert [cell.identity.supervision.ratio for cell in cells[:4]] == [0.25, 0.25, 0.5, 0.5]


def test_clean_cells_are_shared_by_noise_models(registries: Registries) -> None:
    one = _plan(registries, methods="ce", ratios="0", noise="erode-dilate,radius=3").cells
    two = _plan(registries, methods="ce", ratios="0,0.5", noise="erode-dilate,none").cells
    assert len(one) == 1
    assert [cell.noise_label for cell in two] == ["clean", "erode-dilate"]
    assert one[0].id == two[0].id


def test_label_and_folder_are_no_part_of_the_identity(registries: Registries, lists_root: Path) -> None:
    moved = lists_root.parent / "elsewhere"
    here = _plan(registries, methods="ce", datasets="lists", data_root=[str(lists_root)]).cells[0]
    lists_root.rename(moved)
    there = _plan(registries, methods="ce,label=x", datasets="lists@y", data_root=[f"lists={moved}"]).cells[0]
    assert here.id == there.id
    assert (here.label, there.label) == ("ce", "x")
    assert here.root != there.root


@pytest.mark.parametrize(
    "change",
    [
        {"methods": "gce,q=0.5"},
        {"noise": "erode-dilate,radius=4"},
        {"ratios": "0.25"},
        {"datasets": "phantom,cases=12"},
        {"datasets": "phantom:lesions"},
        {"networks": "unet,width=9"},
        {"seeds": "3,4"},
        {"iterations": "7"},
        {"view": "2d"},
        {"selection": "best-clean-val"},
        {"budget": "smoke"},
        {"params": ["gce.learning_rate=0.1"]},
    ],
    ids=str,
)
def test_any_change_gives_other_cells(registries: Registries, change: dict[str, Any]) -> None:
    base = {"methods": "gce"}
    assert not _ids(registries, **base) & _ids(registries, **(base | change))


def test_spelling_out_a_default_changes_nothing(registries: Registries) -> None:
    assert _ids(registries, methods="gce") == _ids(registries, methods="gce,q=0.7")
    assert _ids(registries, methods="ce", view="3d") == _ids(registries, methods="ce")
    assert _ids(registries, methods="ce", view="2d") == _ids(registries, methods="ce", view="2d:2")


def test_content_of_the_files_is_part_of_the_identity(registries: Registries, lists_root: Path) -> None:
    flags = {"methods": "ce", "datasets": "lists", "data_root": [str(lists_root)]}
    before = _ids(registries, **flags)
    assert before == _ids(registries, **flags)
    (lists_root / "p0_scan.txt").write_text("Content 0")
    assert not before & _ids(registries, **flags)


def test_two_rows_of_one_method(registries: Registries) -> None:
    flags = {"methods": "gce,gce,q=0.3,label=gce-0.3", "params": ["gce-0.3.q=0.4", "gce.learning_rate=0.1"]}
    first, second = (cell.identity.method.params for cell in _plan(registries, **flags).cells)
    assert (first["q"], second["q"]) == (0.7, 0.4)
    assert first["learning_rate"] == second["learning_rate"] == 0.1


def test_2d_data_are_fed_as_2d_whatever_the_view(registries: Registries, lists_root: Path) -> None:
    root = [f"lists={lists_root}"]
    cells = _plan(registries, methods="ce", datasets="lists,phantom", data_root=root, view="3d").cells
    assert [cell.identity.view for cell in cells] == ["2d", "3d"]
    assert [len(cell.identity.budget.patch) for cell in cells] == [2, 3]


def test_nsbench_data_and_folder(registries: Registries, lists_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lists_root.parent / "copy").symlink_to(lists_root)
    monkeypatch.setenv("NSBENCH_DATA", str(lists_root.parent))
    assert _ids(registries, methods="ce", datasets="lists") == _ids(registries, methods="ce", datasets="lists@copy")
    with pytest.raises(UserError, match=r"lists@nowhere.*holds copy, lists.*--data-root"):
        _plan(registries, methods="ce", datasets="lists@nowhere")


def test_folder_of_a_similar_name_is_proposed(
    registries: Registries, lists_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists_root.rename(lists_root.with_name("lists-small"))
    monkeypatch.setenv("NSBENCH_DATA", str(lists_root.parent))
    with pytest.raises(UserError, match=r"--dataset lists@lists-small"):
        _plan(registries, methods="ce", datasets="lists")


def test_no_data_folder_is_known(registries: Registries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSBENCH_DATA", raising=False)
    with pytest.raises(UserError, match=r"--data-root lists=DIR, or set NSBENCH_DATA"):
        _plan(registries, methods="ce", datasets="lists")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"methods": "nrdice"}, ["--methods", "unknown method", "nr-dice"]),
        ({"methods": "gce,qq=1"}, ["--methods", "unknown parameter 'qq'", "did you mean q"]),
        ({"methods": "gce,q=7"}, ["--methods", "'q' = 7", "less than or equal to 1"]),
        ({"methods": "ce,ce"}, ["--methods", "two methods are labeled 'ce'"]),
        ({"methods": "ce", "params": ["gce.q=1"]}, ["--set gce", "no method 'gce' in this benchmark"]),
        ({"methods": "gce", "params": ["gce.qq=1"]}, ["--set gce.qq", "unknown parameter 'qq'"]),
        ({"noise": "erode"}, ["--noise", "unknown noise model", "erode-dilate"]),
        ({"noise": "erode-dilate,radius=9..3"}, ["--noise", "radius", "exceeds"]),
        ({"datasets": "phantm"}, ["--dataset", "did you mean phantom"]),
        ({"datasets": "phantom:leson"}, ["--dataset", "no task 'leson'", "lesions"]),
        ({"datasets": "phantom,phantom"}, ["--dataset", "listed twice"]),
        ({"networks": "unt"}, ["--network", "did you mean unet"]),
        ({"networks": "volumes", "view": "2d"}, ["--network", "volumes", "2-D"]),
        ({"budget": "quik"}, ["--budget", "did you mean quick"]),
        ({"data_root": ["la=/x"]}, ["--data-root la=/x", "no such dataset"]),
    ],
    ids=str,
)
def test_bad_input(registries: Registries, flags: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        _plan(registries, **flags)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("methods:\n- ce\n- name: gce\n  params:\n    qq: 1\n", "line 5: methods[1].params.qq: "),
        ("seeds: 1\nparams:\n  ce: {lr: 1}\n", "line 3: params.ce.lr: "),
        ("budget:\n  base: quick\n  updats: 3\n", "line 3: budget.updats: "),
        ("networks:\n- unet\n- {name: unt}\n", "line 3: networks[1].name: "),
        ("noise: [erode]\n", "line 1: noise[0]: "),
    ],
)
def test_plan_points_into_the_file(registries: Registries, tmp_path: Path, text: str, start: str) -> None:
    path = tmp_path / "bench.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        plan_loaded(load(path), registries)
    assert str(caught.value).startswith(f"{path}, {start}")


def test_fewer_patients_than_folds(registries: Registries, lists_root: Path) -> None:
    spec = load(flags={"methods": "ce", "datasets": "lists", "folds": "7"}).spec
    with pytest.raises(UserError, match="6 patients cannot make 7 folds"):
        plan(spec, registries, {"lists": str(lists_root)})


def test_empty_data_folder_and_missing_file(registries: Registries, lists_root: Path) -> None:
    flags = {"methods": "ce", "datasets": "lists", "data_root": [str(lists_root)]}
    (lists_root / "p0_scan.txt").unlink()
    (lists_root / "p0_scan.txt").symlink_to(lists_root / "gone")
    with pytest.raises(UserError, match=r"p0_scan\.txt: cannot be read"):
        _plan(registries, **flags)
    for path in lists_root.iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r"no case .* check --data-root"):
        _plan(registries, **flags)


def test_one_root_for_two_datasets_is_ambiguous(registries: Registries, lists_root: Path) -> None:
    with pytest.raises(UserError, match=r"lists, lists:tumour; say which: --data-root lists=DIR"):
        _plan(registries, methods="ce", datasets="lists,lists:tumour", data_root=[str(lists_root)])
