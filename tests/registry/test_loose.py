"""Plugins in files named by `--plugin`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import PACKAGE, Plugin, Registry

from .conftest import noise_model

Write = Callable[[str, str], Path]


def noise(*paths: Path) -> Registry[Any]:
    return Registry("noise", paths)


def corrupted(plugin: Plugin[Any]) -> int:
    model = plugin.load()(plugin.validate({}))
    result = model.corrupt(np.ones((2, 2), np.uint8), (1.0, 1.0), np.random.default_rng(0), np.zeros((1, 2, 2)))
    return int(result.label.sum())


def test_files_of_one_name_are_two_modules(write: Write) -> None:
    a = write("a/mine.py", noise_model("first"))
    b = write("b/mine.py", noise_model("second", result="label * 0"))
    registry = noise(a, b)
    classes = [registry.get(name).load() for name in ("first", "second", "first")]
    assert [found.name for found in classes] == ["first", "second", "first"]
    assert classes[0] is classes[2]
    assert classes[0].__module__ != classes[1].__module__


def test_a_rewritten_file_is_read_and_imported_again(write: Write) -> None:
    texts = [noise_model("mine", "Old.", "label * 2"), noise_model("mine", "New.", "label * 3")]
    assert len(texts[0]) == len(texts[1])
    seen = []
    for text in texts:
        plugin = noise(write("mine.py", text)).get("mine")
        seen.append((plugin.declared.summary, corrupted(plugin), plugin.digest))
    assert [facts[:2] for facts in seen] == [("Old.", 8), ("New.", 12)]
    assert seen[0][2] != seen[1][2]


def test_a_file_beside_it_is_a_part_of_it(write: Write) -> None:
    path = write("mine.py", "from ._factor import FACTOR\n" + noise_model("mine", result="label * FACTOR"))
    seen = []
    for factor in (2, 3):
        write("_factor.py", f"FACTOR = {factor}\n")
        plugin = noise(path).get("mine")
        seen.append((corrupted(plugin), plugin.digest))
    assert [total for total, _ in seen] == [8, 12]
    assert seen[0][1] != seen[1][1]


def test_no_bytecode_is_left_beside_it(write: Write) -> None:
    path = write("mine.py", noise_model("mine"))
    noise(path).get("mine").load()
    assert [file.name for file in path.parent.iterdir()] == ["mine.py"]


def test_one_file_twice_is_no_collision(write: Write) -> None:
    path = write("mine.py", noise_model("mine"))
    registry = noise(path, path.parent / "." / "mine.py", PACKAGE / "noise_models" / "none.py")
    assert registry.get("mine").origin == str(path)
    assert registry.get("none").origin == "built-in"
    assert registry.broken == []


def test_a_name_declared_twice_is_an_error_for_that_name(write: Write) -> None:
    registry = noise(write("mine.py", noise_model("erode-dilate")))
    with pytest.raises(UserError, match=r"declared 2 times: .*erode_dilate\.py \(built-in\) and .*mine\.py"):
        registry.get("erode-dilate")
    assert "erode-dilate" not in registry.names()
    assert [plugin.name for plugin in registry.broken] == ["erode-dilate"]


@pytest.mark.parametrize("name", ["missing.py", "folder", "text.txt"])
def test_a_path_that_is_no_python_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").touch()
    with pytest.raises(UserError, match=rf"--plugin .*{name}: .*name the \.py file"):
        noise(tmp_path / name).names()


def test_nsbench_may_be_imported_in_any_way(write: Write) -> None:
    text = """
import nsbench
import nsbench as ns
from nsbench import NoiseModel as Base

class A(nsbench.NoiseModel):
    '''A.'''
    name = "a"
    citation = "Nobody, 'Nothing', 2020"
    class Params(nsbench.NoiseModel.Params):
        radius: float = nsbench.param(2.0, ge=0, help="radius")
    def corrupt(self, label, spacing, rng, image):
        return nsbench.Corruption(label.copy())

class B(Base):
    '''B.'''
    name = "b"
    citation = "Nobody, 'Nothing', 2020"
    class Params(Base.Params):
        radius: ns.Range = ns.param((2.0, 3.0), help="radius")
    corrupt = A.corrupt
"""
    registry = noise(write("any.py", text))
    assert registry.broken == []
    assert [registry.get(name).validate({}).model_dump()["radius"] for name in "ab"] == [2.0, (2.0, 3.0)]
    assert registry.get("b").load().Params().radius == (2.0, 3.0)
