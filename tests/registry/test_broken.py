"""A plugin that cannot be used is listed with its reason and harms nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nsbench.benchmark.cli.main import app
from nsbench.benchmark.errors import UserError
from nsbench.benchmark.registry import Registry

from .conftest import noise_model

Write = Callable[[str, str], Path]

BUILT_IN = Registry("noise").names()
GOOD = noise_model("good")
WITH_PARAMS = GOOD + "    class Params(NoiseModel.Params):\n        radius: float = 1.0\n"
FAULTS = {
    "syntax": ("class Broken(:\n", "invalid syntax"),
    "null-byte": ("\0", "null"),
    "encoding": (GOOD.replace("A copy.", "\udcff"), "decode"),
    "missing-package": ("import not_a_package.part\n" + GOOD, "needs the package not_a_package"),
    "missing-name-of-stdlib": ("from typing import Nothing\n" + WITH_PARAMS, "Nothing"),
    "missing-helper": ("from .helper import f\n" + GOOD, "imports .helper, which is not there"),
    "no-citation": (GOOD.replace("citation", "cited"), "has no citation"),
    "computed-citation": (GOOD.replace('"Nobody', 'str() + "Nobody'), "as a literal"),
    "abstract": (GOOD.replace("def corrupt", "def corupt"), "is abstract: write corrupt"),
    "unknown-base": (GOOD.replace("(NoiseModel)", "(NoisyModel)"), "derives from no nsbench base class"),
    "wrong-params": (WITH_PARAMS.replace("1.0", "undefined()"), "undefined"),
    "no-plugin": (GOOD.replace("name =", "nam ="), "declares no plugin"),
    "constant": ("X = 1 / 0\n" + WITH_PARAMS, "division by zero"),
}


def listed(path: Path) -> dict[str, str]:
    result = CliRunner().invoke(app, ["list", "noise", "--json", "--plugin", str(path)])
    assert result.exit_code == 0, result.output
    return {row["name"]: row["error"] for row in json.loads(result.stdout)}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_listed_with_its_reason(fault: str, tmp_path: Path) -> None:
    text, reason = FAULTS[fault]
    path = tmp_path / "theirs.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    rows = listed(path)
    assert [name for name, error in rows.items() if not error] == BUILT_IN
    (error,) = filter(None, rows.values())
    assert reason in error
    assert str(path) in error


def test_a_plugin_that_leaves_the_interpreter_is_an_error(write: Write) -> None:
    path = write("leaver.py", "raise SystemExit(5)\n" + GOOD)
    with pytest.raises(UserError, match=r"leaver\.py\) fails to import: SystemExit"):
        Registry("noise", (path,)).get("good").load()


def test_a_broken_helper_breaks_the_plugin(write: Write) -> None:
    write("helper.py", "def f(:\n")
    path = write("mine.py", "from .helper import f\n" + GOOD)
    assert "invalid syntax" in listed(path)["mine"]


def test_a_fault_of_one_class_is_none_of_its_neighbours(write: Write) -> None:
    bad = noise_model("bad").replace("def corrupt", "def corupt").replace("class Copy", "class Bad")
    rows = listed(write("both.py", GOOD + bad))
    assert rows["good"] == ""
    assert "is abstract" in rows["bad"]


def test_a_broken_file_does_not_take_a_name_away(write: Write) -> None:
    registry: Registry[Any] = Registry("noise", (write("none.py", "class Broken(:\n"),))
    assert registry.get("none").origin == "built-in"
    assert [plugin.name for plugin in registry.broken] == ["none"]


def test_a_class_with_a_name_need_not_be_a_plugin(write: Write) -> None:
    helper = "from dataclasses import dataclass\n@dataclass\nclass Item:\n    name: str = 'item'\n"
    assert listed(write("mine.py", helper + GOOD)) == dict.fromkeys([*BUILT_IN, "good"], "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise RuntimeError('no licence')\n" + GOOD, "no licence"),
        ("from numpy import nothing_of_this_name\n" + GOOD, "nothing_of_this_name"),
        (GOOD + "del Copy\n", "Copy"),
        (GOOD + "Copy.__abstractmethods__ = frozenset({'corrupt'})\n", "abstract: write corrupt"),
    ],
)
def test_what_only_importing_shows_is_told_when_it_is_loaded(text: str, reason: str, write: Write) -> None:
    path = write("mine.py", text)
    registry: Registry[Any] = Registry("noise", (path,))
    with pytest.raises(UserError, match=reason) as caught:
        registry.get("good").load()
    assert str(path) in str(caught.value)
    assert registry.get("none").load().name == "none"
