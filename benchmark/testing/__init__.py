"""Contracts that every plugin must keep, for the tests of plugin authors.

In a test file of a plugin's own package::

    import pytest
    from nsbench.benchmark.testing import Registries, contracts_for

    REGISTRIES = Registries()

    @pytest.mark.parametrize("contract", contracts_for("method"), ids=str)
    def test_contract(contract):
        contract.check(REGISTRIES.methods.get("my-method"), REGISTRIES)

Contracts of a dataset with files look for them in the folder of its name under NSBENCH_DATA.
"""

from __future__ import annotations

from ..registry import Registries
from .contract import Contract, NotApplicable
from .suite import Finding, contracts_for, examine, registry_of

__all__ = ["Contract", "Finding", "NotApplicable", "Registries", "contracts_for", "examine", "registry_of"]
