"""Contracts that every plugin must keep, for the tests of plugin authors: see `contracts_for`.

In a test file of a plugin's own package::

    import pytest
    from nsbench.testing import NotApplicable, Registries, contracts_for

    REGISTRIES = Registries()

    @pytest.mark.parametrize("contract", contracts_for("method"), ids=str)
    def test_contract(contract):
        contract.check(REGISTRIES.methods.get("my-method"), REGISTRIES)

A contract raises AssertionError where it is broken, and `NotApplicable` where there is nothing to check. Those of a
dataset look for its files in the folder of its name under NSBENCH_DATA. `nsbench new` writes such a test.
"""

from __future__ import annotations

from .benchmark.testing import Contract, Finding, NotApplicable, Registries, contracts_for, examine

__all__ = ["Contract", "Finding", "NotApplicable", "Registries", "contracts_for", "examine"]
