"""Demanding methods keep the contracts: the suite asks nothing that a real scheme could not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsbench.benchmark.registry import Registries
from nsbench.benchmark.testing import Contract, contracts_for

REGISTRIES = Registries((Path(__file__).parent / "sound_methods.py",))
NAMES = [name for name in REGISTRIES.methods.names() if name.startswith("sound-")]


@pytest.mark.parametrize("contract", contracts_for("method"), ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_sound_method_keeps_it(name: str, contract: Contract) -> None:
    contract.check(REGISTRIES.methods.get(name), REGISTRIES)


def test_there_are_sound_methods() -> None:
    assert NAMES == ["sound-exchange", "sound-folds", "sound-frozen", "sound-teacher"]
