"""What a method is left out for, and refused for, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registries
from nsbench.benchmark.spec.load import load
from nsbench.benchmark.spec.plan import Plan, plan_loaded

_METHODS = '''
import torch

from nsbench.benchmark.plugin import Method, Setting, param


class Plain(Method):
    """Knows few labels."""

    name = "a-plain"
    citation = "tests"
    knows = "scarce"


class Picky(Method):
    """Wants parts of the unlabeled cases, and slices."""

    name = "a-picky"
    citation = "tests"
    knows = "scarce"

    class Params(Method.Params):
        parts: int = param(2, ge=1)
        sliced: bool = param(False)
        organ: str = param("chamber")

        def misfit(self, setting: Setting) -> str:
            if self.sliced and not setting.sliced:
                return "it wants slices of volumes: use view 2d"
            if self.organ not in setting.task.classes:
                return f"organ {self.organ}: no such class"
            few = setting.unlabeled < self.parts
            return f"{setting.unlabeled} unlabeled cases are too few for {self.parts} parts" if few else ""


class Wrapping(Method):
    """Has another method learn."""

    name = "a-wrapping"
    citation = "tests"

    class Params(Method.Params):
        inner: str = param("ce", names_plugin=True)
        inner_params: dict = param({})

        def misfit(self, setting: Setting) -> str:
            return "inner wants unlabeled cases" if setting.knows(self.inner) == "scarce" else ""


class Faulty(Method):
    """Asks torch, which is not there yet."""

    name = "faulty"
    citation = "tests"

    class Params(Method.Params):
        def misfit(self, setting: Setting) -> str:
            return torch.__version__
'''
_PLANE = "phantom,cases=12,ndim=2"
_SLICES = {"datasets": "phantom,cases=12", "view": "2d"}


@pytest.fixture
def registries(tmp_path: Path) -> Registries:
    """Built-in plugins and methods with conditions."""
    (tmp_path / "methods.py").write_text(_METHODS)
    return Registries(loose=(tmp_path / "methods.py",))


def _plan(registries: Registries, **flags: Any) -> Plan:
    return plan_loaded(load(flags={"datasets": _PLANE, "budget": "smoke", **flags}), registries)


def _rows(found: Plan) -> set[str]:
    return {cell.label for cell in found.cells}


@pytest.mark.parametrize(
    "flags",
    [{"labeled": "6"}, {"labeled": "1.0"}, {"labeled": "5", "selection": "best-clean-val"}, {"labeled": "0.95"}],
    ids=["limited-by-the-budget", "all", "some-held-out", "rounded"],
)
def test_what_is_unlabeled_is_counted_as_the_cell_will_see_it(registries: Registries, flags: dict[str, str]) -> None:
    found = _plan(registries, methods="ce,a-plain", **flags)
    assert _rows(found) == {"ce"}
    assert "no image is unlabeled" in found.left_out[0]
    fewer = {**flags, "labeled": "4"}
    assert _rows(_plan(registries, methods="ce,a-plain", **fewer)) == {"ce", "a-plain"}


def test_more_labels_than_cases_are_refused_before_a_method_is_left_out(registries: Registries) -> None:
    with pytest.raises(UserError, match="10 labeled cases are wanted"):
        _plan(registries, methods="a-plain", labeled="10")


def test_a_ratio_that_corrupts_no_case_is_left_out(registries: Registries) -> None:
    found = _plan(registries, methods="ce,a-plain", ratios="0,0.05,0.5", datasets="phantom,cases=20,ndim=2")
    assert {(cell.label, cell.supervision) for cell in found.cells} == {
        ("ce", "clean"),
        ("ce", "erode-dilate 50%"),
        ("a-plain", "erode-dilate 50%"),
    }
    reason = "erode-dilate 5%: none of 6 training cases is corrupted; raise the ratio to 0.17"
    assert found.left_out == ["a-plain: clean: no case is corrupted, so that none is unlabeled", reason]
    with pytest.raises(UserError, match="nothing is left to run; erode-dilate 5%: none of 6"):
        _plan(registries, methods="ce", ratios="0.05")


@pytest.mark.parametrize("method", ["a-plain", "cnn", "reweighting"])
def test_methods_that_know_clean_labels_are_left_out_where_no_label_is(registries: Registries, method: str) -> None:
    found = _plan(registries, methods=["ce", method], ratios="0.5,1.0")
    assert {(cell.label, cell.supervision) for cell in found.cells} == {
        ("ce", "erode-dilate 50%"),
        (method, "erode-dilate 50%"),
        ("ce", "erode-dilate 100%"),
    }
    assert found.left_out == [f"{method}: erode-dilate 100%: no case is clean"]


def test_shares_that_are_the_same_cases_are_told(registries: Registries) -> None:
    found = _plan(registries, methods="ce", labeled="0.1,0.2,0.5,1,3")
    assert found.notes == [
        f"{_PLANE}: 10 % labeled and 20 % labeled and 1 labeled are the same 1 of 6 training cases",
        f"{_PLANE}: 50 % labeled and 3 labeled are the same 3 of 6 training cases",
    ]
    assert not _plan(registries, methods="ce", labeled="1,1.0,0.5").notes


@pytest.mark.parametrize(
    ("method", "flags", "words"),
    [
        ("a-picky,parts=2", {"labeled": "5"}, "1 unlabeled cases are too few for 2 parts"),
        ("a-picky,parts=2", {"unlabeled": "1"}, "1 unlabeled cases are too few for 2 parts"),
        ("a-picky,sliced=true", {"datasets": "phantom,cases=12", "view": "3d"}, "use view 2d"),
        ("a-picky,sliced=true", {}, "use view 2d"),
        ("a-picky,organ=lung", {}, "organ lung: no such class"),
        ("a-wrapping,inner=a-plain", {}, "inner wants unlabeled cases"),
        ("a-wrapping,inner=a-wrapping,inner_params={inner: a-picky}", {}, "inner a-wrapping: inner wants"),
        ("faulty", {}, r"faulty: .*Params\.misfit fails: NameError.*torch.*what the body of Params may"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    registries: Registries, method: str, flags: dict[str, str], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        _plan(registries, **{"methods": ["ce", method], "labeled": "0.5", **flags})


@pytest.mark.parametrize(
    ("method", "flags", "words"),
    [
        ("atso,folds=2", {"unlabeled": "1"}, "1 unlabeled case for 2 folds; leave more without label \\("),
        ("atso,folds=4", {}, "3 unlabeled cases for 4 folds; leave more without label, or lower folds"),
        ("atso,views=three", {"datasets": "phantom,cases=12"}, "views three .* view 2d"),
        ("stso,views=three", {}, "views three .* volumes"),
        ("model-distillation,views=three", {"datasets": "phantom,cases=12", "view": "3d"}, "views three .* view 2d"),
        ("stso,superclasses=[[lung]]", {}, "superclasses: lung: no such class; there are background, chamber"),
        ("stso,superclasses=[[background, chamber]]", {}, "all classes are in one super-class"),
        ("data-distillation,superclasses=[[chamber],[chamber]]", {}, "a class is in two super-classes"),
        ("data-distillation,views=three,transforms=flips", _SLICES, "transforms flips .* choose other transforms"),
        ("hierarchical-distillation,views=three,transforms=flips", _SLICES, "transforms flips .* choose other"),
        ("model-distillation,retrain=massl", {}, "retrain massl is for scarce labels"),
        (
            "model-distillation,superclasses=[[background]],retrain=tsman",
            {},
            "tsman is no single .* retrain ce",
        ),
        ("data-distillation,superclasses=[[background]],retrain=mean-teacher", {}, "mean-teacher is no single network"),
    ],
)
def test_built_in_methods_refuse_what_their_cells_could_not_do(
    registries: Registries, method: str, flags: dict[str, str], words: str
) -> None:
    with pytest.raises(UserError, match=f"--methods: {method.partition(',')[0]}: .*{words}"):
        _plan(registries, **{"methods": method, "labeled": "3", **flags})
    fits = {
        "atso": "stso,views=three",
        "stso": "atso,folds=3",
        "data-distillation": "model-distillation,superclasses=[[background]],retrain=nr-dice",
    }.get(method.partition(",")[0], "model-distillation")
    assert _plan(registries, methods=fits, labeled="3", **_SLICES).cells


@pytest.mark.parametrize("flags", [{}, {"unlabeled": "all"}, {"datasets": "phantom,cases=12", "view": "2d"}])
def test_parameters_that_fit_are_planned(registries: Registries, flags: dict[str, str]) -> None:
    sliced = "view" in flags
    found = _plan(registries, methods=f"a-picky,sliced={sliced}".lower(), labeled="0.5", **flags)
    assert _rows(found) == {"a-picky"}


def test_a_row_is_left_out_of_the_settings_that_its_defaults_do_not_fit(registries: Registries) -> None:
    found = _plan(registries, methods="ce,a-picky", labeled="1.0,5,4")
    assert {(cell.label, cell.supervision) for cell in found.cells} == {
        ("ce", "100 % labeled"),
        ("ce", "5 labeled"),
        ("ce", "4 labeled"),
        ("a-picky", "4 labeled"),
    }
    assert found.left_out[1].startswith("a-picky: 1 unlabeled cases are too few for 2 parts (phantom")
    assert found.left_out[1].endswith(", 5 labeled)")
    with pytest.raises(UserError, match="5 labeled"):
        _plan(registries, methods="ce,a-picky", labeled="1.0,5,4", params=["a-picky.parts=2"])


def test_all_leaves_out_what_does_not_fit_unless_its_parameters_were_asked_for(registries: Registries) -> None:
    found = _plan(registries, labeled="5")
    assert "a-plain" in _rows(found)
    assert any(reason.startswith("a-picky: 1 unlabeled cases are too few for 2 parts") for reason in found.left_out)
    with pytest.raises(UserError, match=r"--methods.*a-picky: 1 unlabeled .*\(phantom.*, 5 labeled\)"):
        _plan(registries, labeled="5", methods=["all"], params=["a-picky.parts=2"])
    assert any(reason.startswith("faulty: ") and "NameError" in reason for reason in found.left_out)
