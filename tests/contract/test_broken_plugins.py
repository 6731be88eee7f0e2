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


def test_a_method_that_is_never_the_same_is_not_accused_of_leaks() -> None:
    findings = {finding.contract.name: finding for finding in examine(BROKEN["training-is-deterministic"], REGISTRIES)}
    assert findings["training-is-deterministic"].status == "broken"
    assert findings["the-hidden-truth-changes-nothing"].status == "not applicable"
    assert "two equal trainings differ" in findings["labels-of-unlabeled-cases-change-nothing"].message


def test_an_error_of_the_plugin_says_where(tmp_path: Path) -> None:
    path = tmp_path / "typo.py"
    path.write_text(
        'from nsbench import LossMethod\n\n\nclass Typo(LossMethod):\n    """Misspelt."""\n\n    name = \'typo\'\n'
        "    citation = 'Nobody'\n\n    def loss(self, logits, batch):\n        return logits.men()\n"
    )
    registries = Registries((path,))
    messages = [finding.message for finding in examine(registries.methods.get("typo"), registries)]
    assert any("'men'" in message and "typo.py, line 11" in message for message in messages)


def test_learning_from_the_ignore_mask_of_an_unlabeled_case_is_a_leak(tmp_path: Path) -> None:
    path = tmp_path / "marked.py"
    path.write_text(
        "from dataclasses import replace\n\nimport numpy as np\nfrom torch.nn.functional import cross_entropy\n\n"
        "from nsbench import LossMethod, Train, TrainingView\n\n\n"
        'class Marked(LossMethod):\n    """Takes the mask for a label."""\n\n    name = \'marked\'\n'
        "    citation = 'Nobody'\n\n    def stages(self, view):\n"
        "        cases = [c for c in view.cases if c.labeled or c.ignore is not None]\n"
        "        found = [c if c.labeled else replace(c, label=np.uint8(c.ignore), labeled=True) for c in cases]\n"
        "        return (Train('train', on=TrainingView(tuple(found))),)\n\n"
        "    def loss(self, logits, batch):\n        return cross_entropy(logits, batch.label)\n"
    )
    contract = CONTRACTS["labels-of-unlabeled-cases-change-nothing"]
    registries = Registries((path,))
    with pytest.raises(AssertionError, match="labels of unlabeled cases were learned from"):
        contract.check(registries.methods.get("marked"), registries)


def test_leaving_the_interpreter_is_a_broken_contract(tmp_path: Path) -> None:
    path = tmp_path / "leaver.py"
    path.write_text(
        'from nsbench import LossMethod\n\n\nclass Leaver(LossMethod):\n    """Goes."""\n\n    name = \'leaver\'\n'
        "    citation = 'Nobody'\n\n    def loss(self, logits, batch):\n        raise SystemExit(5)\n"
    )
    registries = Registries((path,))
    findings = list(examine(registries.methods.get("leaver"), registries))
    assert len(findings) == len(contracts_for("method"))
    assert any("SystemExit" in finding.message for finding in findings if finding.status == "broken")


def test_examining_goes_through_all_contracts() -> None:
    plugin: Plugin[object] = BROKEN["notes-are-json"]
    findings = list(examine(plugin, REGISTRIES))
    assert [finding.contract for finding in findings] == contracts_for("noise")
    assert {finding.contract.name for finding in findings if finding.status == "broken"} == {"notes-are-json"}
    assert "int64" in next(finding.message for finding in findings if finding.status == "broken")
