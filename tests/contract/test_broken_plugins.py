"""Every contract finds the plugin that breaks it, so that keeping one means something."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from nsbench.benchmark.registry import Kind, Plugin, Registries
from nsbench.benchmark.testing import Contract, contracts_for, examine, registry_of

REGISTRIES = Registries(tuple(sorted(Path(__file__).parent.glob("broken_*.py"))))
BROKEN = {
    plugin.name.replace(".", "-"): plugin
    for kind in get_args(Kind)
    for plugin in registry_of(REGISTRIES, kind).plugins.values()
    if plugin.origin != "built-in"
}
CONTRACTS = {contract.name: contract for kind in get_args(Kind) for contract in contracts_for(kind)}


def test_there_is_a_broken_plugin_for_every_contract() -> None:
    assert set(BROKEN) == set(CONTRACTS)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=str)
def test_a_broken_plugin_is_found(contract: Contract) -> None:
    plugin = BROKEN[contract.name]
    with pytest.raises(AssertionError, match=plugin.name):
        contract.check(plugin, REGISTRIES)


def test_examining_goes_through_all_contracts() -> None:
    plugin: Plugin[object] = BROKEN["notes-are-json"]
    findings = list(examine(plugin, REGISTRIES))
    assert [finding.contract for finding in findings] == contracts_for("noise")
    assert {finding.contract.name for finding in findings if finding.status == "broken"} == {"notes-are-json"}
    assert "int64" in next(finding.message for finding in findings if finding.status == "broken")
