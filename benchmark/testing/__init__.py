"""Contracts that every plugin must keep, one small check each; `nsbench.testing` shows how to use them.

`declared` holds those of every plugin's file, the other modules those of a kind; all run in the tiny world of
`world` and `trial`, in seconds on one core.
"""

from __future__ import annotations

from ..registry import Registries
from .contract import Contract, NotApplicable
from .suite import Finding, contracts_for, examine, registry_of

__all__ = ["Contract", "Finding", "NotApplicable", "Registries", "contracts_for", "examine", "registry_of"]
