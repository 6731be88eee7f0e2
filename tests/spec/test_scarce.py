"""Grids of few labels, and of another dataset's labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.cell import Scarce, Transfer
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import Plan, plan_loaded


def _plan(registries: Registries, **flags: Any) -> Plan:
    return plan_loaded(load(flags=flags), registries)


@pytest.fixture
def two_roots(lists_root: Path) -> dict[str, str]:
    """A second data folder of the dataset `lists`, of ten other patients; roots by name."""
    other = lists_root.with_name("other")
    other.mkdir()
    for i in range(10):
        (other / f"q{i}_scan.txt").write_text(f"other {i}")
    return {"lists": str(lists_root), "lists@other": str(other)}


def test_labels_in_place_of_noise(registries: Registries) -> None:
    found = _plan(registries, methods="ce,a-scarce", labeled="0.2,1.0,20", seeds="2")
    shown = [(cell.label, cell.describe()) for cell in found.cells[:5]]
    assert shown == [
        ("ce", "phantom 20 % labeled ce seed 0"),
        ("a-scarce", "phantom 20 % labeled a-scarce seed 0"),
        ("ce", "phantom 100 % labeled ce seed 0"),
        ("ce", "phantom 20 labeled ce seed 0"),
        ("a-scarce", "phantom 20 labeled a-scarce seed 0"),
    ]
    assert found.left_out == [
        "a-scarce: 100 % labeled: no image is unlabeled; unlabeled: all takes the labeled images again"
    ]
    again = _plan(registries, methods="a-scarce", labeled="1.0", unlabeled="all").cells
    assert [cell.identity.supervision for cell in again] == [Scarce(labeled=1.0, unlabeled="all")]


def test_one_case_is_not_all_of_them(registries: Registries) -> None:
    one, every = _plan(registries, methods="ce", labeled="1,1.0").cells
    assert (one.noise_label, every.noise_label) == ("1 labeled", "100 % labeled")
    assert one.id != every.id


def test_all_means_scarce_and_blind_methods_and_says_why_not_trusted_ones(registries: Registries) -> None:
    found = _plan(registries, labeled="0.2")
    knows = {cell.label: registries.methods.get(cell.label).attributes.get("knows", "blind") for cell in found.cells}
    assert {"t-blind", "a-scarce", "label-alone"} <= knows.keys()
    assert set(knows.values()) == {"blind", "scarce"}
    assert "a-trusted: learns from wrong labels beside clean ones, and here every label is clean" in found.left_out


def test_a_transfer_names_its_source_as_the_user_did(registries: Registries, two_roots: dict[str, str]) -> None:
    flags = {"methods": "ce,a-scarce", "datasets": "lists", "source": "lists@other", "data_root": two_roots}
    found = _plan(registries, **flags).cells
    assert [cell.describe() for cell in found] == [
        "lists from lists@other ce seed 0",
        "lists from lists@other a-scarce seed 0",
    ]
    supervision = found[0].identity.supervision
    assert isinstance(supervision, Transfer)
    assert supervision.describe() == "from lists:organ"
    assert found[0].source_root == str(Path(two_roots["lists@other"]).resolve())
    asked = _plan(registries, **flags, unlabeled="all", spacing="1,2").cells[0]
    assert asked.describe() == "lists from lists@other, all unlabeled, spacing 1x2 ce seed 0"
    (Path(two_roots["lists@other"]) / "q0_scan.txt").write_text("changed")
    assert _plan(registries, **flags).cells[0].id != found[0].id


def test_patients_of_the_target_are_left_out_of_the_source(registries: Registries, two_roots: dict[str, str]) -> None:
    flags = {"methods": "ce", "datasets": "lists", "source": "lists@other,keep=30", "data_root": two_roots}

    def split() -> str:
        supervision = _plan(registries, **flags).cells[0].identity.supervision
        assert isinstance(supervision, Transfer)
        return supervision.split

    other, before = Path(two_roots["lists@other"]), split()
    for patient in range(6):
        # some of them are tested, the others train without label
        (other / f"p{patient}_again.txt").write_text("the same patient")
    assert split() == before
    (other / "r0_scan.txt").write_text("another patient")
    assert split() != before


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"labeled": "31"}, ["--labeled", "31", "only 30 train"]),
        ({"labeled": "0.01"}, ["--labeled", "30 training cases is no case", "0.033"]),
        ({"labeled": "0"}, ["--labeled", "found 0", "a fraction above 0"]),
        ({"labeled": "1.5"}, ["--labeled", "1.5", "up to 1.0"]),
        ({"labeled": "few"}, ["--labeled: found 'few', allowed: a fraction above 0"]),
        ({"source": "phantom", "spacing": "few"}, ["--spacing: found 'few', allowed: mm per voxel, above 0"]),
        ({"labeled": "8", "budget": "smoke"}, ["only 6 train; lower labeled, or raise the budget's case_limit 6"]),
        ({"labeled": "0.2", "noise": "none"}, ["--noise", "leave out noise"]),
        ({"labeled": "0.2", "ratios": "0.5"}, ["--ratios", "leave out ratios"]),
        ({"labeled": "0.2", "severity": "0.5"}, ["--severity", "leave out severity"]),
        ({"labeled": "0.2", "selection": "best-noisy-val"}, ["--selection", "no wrong label", "best-clean-val"]),
        ({"source": "phantom", "selection": "best-noisy-val"}, ["--selection", "no wrong label"]),
        ({"labeled": "0.2", "unlabeled": "some"}, ["--unlabeled", "rest, all, none"]),
        ({"labeled": "0.2", "unlabeled": "25"}, ["--unlabeled", "only 24 have no label"]),
        ({"labeled": "0.2", "source": "phantom"}, ["--source", "leave out labeled or source"]),
        ({"unlabeled": "all"}, ["--unlabeled", "labeled or source"]),
        ({"spacing": "1,1,1", "labeled": "0.2"}, ["--spacing", "belongs to source"]),
        ({"labeled": "0.2", "methods": "a-trusted"}, ["--methods", "every label is clean"]),
        ({"source": "phantom"}, ["--source", "the target itself"]),
        ({"source": "phantom:lesions"}, ["--source", "classes", "lesion"]),
        ({"source": "fantom"}, ["--source", "fantom", "phantom"]),
    ],
)
def test_bad_input(registries: Registries, flags: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        _plan(registries, **{"methods": "ce", **flags})
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_source_and_target_must_fit(registries: Registries, two_roots: dict[str, str]) -> None:
    flags = {"methods": "ce", "datasets": "lists", "source": "lists:tumour@other", "data_root": two_roots}
    with pytest.raises(UserError, match=r"--source: lists:tumour@other has tumour \(classes\), lists has organ"):
        _plan(registries, **flags)
    with pytest.raises(UserError, match="--spacing: 3 values, but lists has 2 axes"):
        _plan(registries, **{**flags, "source": "lists@other", "spacing": "1,1,1"})
    with pytest.raises(UserError, match=r"--source: phantom has 3 \(spatial axes\)"):
        _plan(registries, **{**flags, "source": "phantom", "data_root": {"lists": two_roots["lists"]}})
