"""What of a run's records is published: all numbers, and nothing that belongs to a machine or a person's folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..share.clean import clean, without_paths
from ..store.published import Snapshot

GENERATED = "phantom"
"""The dataset whose images may be published: they are made up."""

_OF_A_MACHINE = ["stamp", "platform"]


def public_plan(plan: dict[str, Any], command: str) -> dict[str, Any]:
    """The plan without folders; the command is that which makes the published spec anew."""
    kept: dict[str, Any] = clean({name: value for name, value in plan.items() if name != "cells"})
    return kept | {"command": command}


def public_cells(snapshot: Snapshot) -> pd.DataFrame:
    """`Index.cells` with machines numbered instead of named, and errors without their folders."""
    cells = snapshot.cells.drop(columns=_OF_A_MACHINE)
    hosts = machines(cells)
    cells["host"] = cells["host"].astype(object).map(hosts)
    cells["error"] = [_public_error(text, list(hosts)) for text in cells["error"]]
    return cells


def machines(cells: pd.DataFrame) -> dict[str, str]:
    """`machine 1`, `machine 2` ... by host name, in the order of the cells."""
    names = dict.fromkeys(cells["host"].dropna().astype(str))
    return {name: f"machine {number}" for number, name in enumerate(names, 1)}


def _public_error(text: Any, hosts: Sequence[str]) -> Any:
    if not isinstance(text, str):
        return text
    for host in hosts:
        text = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "HOST", text)
    return without_paths(text)
