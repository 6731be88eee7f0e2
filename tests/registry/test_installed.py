"""Plugins of installed packages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from nsbench.benchmark.registry import Registry

from .conftest import noise_model

Install = Callable[..., None]
GROUP = "nsbench.noise_models"


def noise() -> Registry[Any]:
    return Registry("noise")


def test_an_entry_point_is_found_without_executing_its_package(install: Install) -> None:
    files = {"far/__init__.py": "raise SystemExit('executed')", "far/shift.py": noise_model("far-shift")}
    install("far", "1.2", {"far-shift = far.shift:Copy": GROUP}, files)
    plugin = noise().get("far-shift")
    assert (plugin.origin, plugin.declared.summary) == ("far 1.2", "A copy.")
    assert "far-shift" in noise().names()
    assert "far" not in sys.modules


def test_an_entry_point_may_name_the_module_only(install: Install) -> None:
    second = noise_model("pair-b").replace("class Copy", "class Other")
    install("pair", "1.0", {"pair = pair": GROUP}, {"pair/__init__.py": noise_model("pair-a") + second})
    assert {"pair-a", "pair-b"} <= set(noise().names())
    assert noise().get("pair-b").load().name == "pair-b"


def test_the_version_is_part_of_the_identity(install: Install) -> None:
    found = {}
    for version in ("1.0", "1.1"):
        install("same", version, {"same = same:Copy": GROUP}, {"same.py": noise_model("same")})
        found[version] = noise().get("same").digest
    assert found["1.0"].split(":")[0] == "same==1.0"
    assert found["1.1"].split(":")[0] == "same==1.1"
    assert found["1.0"].split(":")[1] == found["1.1"].split(":")[1]


def test_code_of_the_whole_package_counts_when_it_is_imported_relatively(install: Install) -> None:
    digests = set()
    for constant in ("1", "2", "2  # a comment"):
        files = {
            "deep/__init__.py": "",
            "deep/common.py": f"LIMIT = {constant}\n",
            "deep/noise/__init__.py": "",
            "deep/noise/model.py": "from ..common import LIMIT\n" + noise_model("deep"),
        }
        install("deep", "1.0", {"deep = deep.noise.model": GROUP}, files)
        digests.add(noise().get("deep").digest)
    assert len(digests) == 2


def test_a_helper_imported_by_the_name_of_its_package_counts(install: Install) -> None:
    digests = set()
    for constant in ("1", "2"):
        files = {
            "named/__init__.py": "",
            "named/_helper.py": f"LIMIT = {constant}\n",
            "named/model.py": "import named._helper\n" + noise_model("named"),
            "named/other.py": "from named._helper import LIMIT\n" + noise_model("named-other"),
        }
        install("named", "1.0", {"named = named.model": GROUP, "other = named.other": GROUP}, files)
        digests |= {noise().get("named").digest, noise().get("named-other").digest}
    assert len(digests) == 4


def test_an_installed_package_does_not_take_a_built_in_name_away(install: Install) -> None:
    install("thief", "1.0", {"erode-dilate = thief:Copy": GROUP}, {"thief.py": noise_model("erode-dilate")})
    registry = noise()
    assert registry.get("erode-dilate").origin == "built-in"
    (broken,) = registry.broken
    assert broken.origin == "thief 1.0"
    assert "declared 2 times" in broken.error


def test_built_in_plugins_have_no_version() -> None:
    assert [plugin.version for plugin in noise().plugins.values() if plugin.origin == "built-in"].count("") >= 2
    assert len(noise().get("erode-dilate").digest) == 64


def test_an_entry_point_that_leads_nowhere_is_listed(install: Install) -> None:
    points = {
        "gone = nowhere.module:Copy": GROUP,
        "misspelt = present:Cpy": GROUP,
        "misplaced = present:Copy": "nsbench.datasets",
    }
    install("lost", "1.0", points, {"present.py": noise_model("present")})
    reasons = {plugin.name: plugin.error for plugin in noise().broken}
    assert "nowhere" in reasons["gone"]
    assert "declares no noise model Cpy" in reasons["misspelt"]
    datasets: Registry[Any] = Registry("dataset")
    assert "declares no dataset Copy" in {plugin.name: plugin.error for plugin in datasets.broken}["misplaced"]
    assert {"none", "erode-dilate"} <= set(noise().names())


def test_a_base_class_may_come_from_another_package(install: Install) -> None:
    base = noise_model("helper").replace('    name = "helper"\n', "")
    derived = "from library import Base as Common\nclass Mine(Common):\n    '''Mine.'''\n    name = 'mine'\n"
    install("library", "1.0", {"mine = mine:Mine": GROUP}, {"library/__init__.py": "from .base import Copy as Base\n"})
    install("mine", "1.0", {"mine = mine:Mine": GROUP}, {"library/base.py": base, "mine.py": derived})
    assert noise().get("mine").attributes["citation"] == "Nobody, 'Nothing', 2020"


def test_listing_does_not_import_torch(install: Install) -> None:
    files = {"heavy.py": "import torch\n" + noise_model("heavy")}
    install("heavy", "1.0", {"heavy = heavy:Copy": GROUP}, files)
    code = (
        "import sys; from nsbench.benchmark.registry import Registry;"
        "assert 'heavy' in Registry('noise').names(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"], check=True)
