"""Every registered plugin keeps every contract of its kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import torch
from pydantic import create_model

from nsbench.benchmark import testing
from nsbench.benchmark.registry import PACKAGE, Kind, Plugin, Registries
from nsbench.benchmark.testing import Contract, NotApplicable, contracts_for, registry_of, trial

REGISTRIES = Registries()
PAIRS = [
    pytest.param(plugin, contract, id=f"{plugin.name}-{contract}")
    for kind in get_args(Kind)
    for plugin in registry_of(REGISTRIES, kind).plugins.values()
    for contract in contracts_for(kind)
]
REPEATED = {
    "training-is-deterministic",
    "a-killed-training-continues-to-the-same-weights",
    "the-state-dict-holds-everything",
    "losses-are-finite-in-bf16",
}
NOTHING_TO_CHECK = {("phantom", "a-missing-folder-is-a-clear-error")}


@pytest.mark.parametrize(("plugin", "contract"), PAIRS)
def test_contract(
    plugin: Plugin[object], contract: Contract, written_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NSBENCH_DATA", str(written_data))
    if (plugin.name, contract.name) in NOTHING_TO_CHECK:
        with pytest.raises(NotApplicable):
            contract.check(plugin, REGISTRIES)
    else:
        contract.check(plugin, REGISTRIES)


@pytest.mark.parametrize("name", ["adaptive-mt", "data-reweighting"])
def test_contracts_past_the_warm_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few updates never end the default warm-up; `adaptive-mt` stands for `adaptive-teacher`, too."""
    plugin = REGISTRIES.methods.get(name)
    method, usual = plugin.load(), trial.reference_state(plugin, REGISTRIES)
    binding = {"warm_up": (int, 1), "percentile": (float, 50.0), "sees_current": (bool, True)}
    monkeypatch.setattr(method, "Params", create_model("Params", __base__=method.Params, **binding))
    monkeypatch.setattr(trial, "_REFERENCES", {})
    bound = trial.reference_state(plugin, REGISTRIES)
    weights = [key for key in usual if key.endswith("weight")]
    assert any(not torch.equal(usual[key], bound[key]) for key in weights), "no threshold binds"
    for contract in contracts_for("method"):
        if contract.name in REPEATED:
            contract.check(plugin, REGISTRIES)


def test_every_registered_plugin_has_a_citation() -> None:
    plugins = [plugin for kind in get_args(Kind) for plugin in registry_of(REGISTRIES, kind).plugins.values()]
    assert [plugin.name for plugin in plugins if not str(plugin.attributes.get("citation", "")).strip()] == []


def test_no_plugin_is_broken() -> None:
    """A plugin that cannot be read is not registered, so no contract would look at it."""
    assert [plugin.error for kind in get_args(Kind) for plugin in registry_of(REGISTRIES, kind).broken] == []


def test_every_plugin_class_of_the_package_is_registered() -> None:
    folders = ("methods", "datasets", "noise_models")
    sources = [path.read_text() for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
    written = {name for source in sources for name in re.findall(r'^    name = "(.*)"$', source, re.MULTILINE)}
    assert written == {param.values[0].name for param in PAIRS}


def test_every_check_is_a_contract_with_a_reason() -> None:
    folder = Path(testing.__file__).parent
    written = {name for path in folder.glob("*.py") for name in re.findall(r"^def check_(\w+)", path.read_text(), re.M)}
    contracts = {contract.name: contract for kind in get_args(Kind) for contract in contracts_for(kind)}
    assert {name.replace("_", "-") for name in written} == set(contracts)
    assert [contract.name for contract in contracts.values() if len(contract.why.split()) < 5] == []
