"""How the records of a leaderboard came about, in short."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..report.text import NOTHING, code, duration, table
from ..store import Provenance, Store


def summarise(store: Store, cells: pd.DataFrame) -> dict[str, Any]:
    """Versions, devices, dates and cost of all cells that ended.

    Parameters
    ----------
    cells
        As `Index.cells`.

    Returns
    -------
    `nsbench`, `python`, `libraries`, `devices`: the distinct ones; `machines`: how many; `threads` of a cell;
    `started`, `finished`: dates of the first and the last cell; `core_hours`; `resumed`: cells that were
    interrupted and went on; `protocol`; `code`: SHA-256 digests of the plugins' code.
    """
    ended = cells.loc[~cells["status"].isin(["missing", "damaged"])].drop_duplicates("cell")
    known = [found for cell in ended["cell"] if (found := store.provenance(str(cell))) is not None]
    return {
        "nsbench": _distinct(item.nsbench for item in known),
        "python": _distinct(item.python for item in known),
        "libraries": _libraries(known),
        "devices": _distinct(item.device for item in known),
        "machines": len({item.host for item in known}),
        "threads": _distinct(item.threads for item in known),
        "started": min((item.started[:10] for item in known), default=None),
        "finished": max((item.finished[:10] for item in known), default=None),
        "core_hours": round(sum(item.total_seconds * item.threads for item in known) / 3600, 2),
        "resumed": sum(item.resumed > 0 for item in known),
        "protocol": _distinct(int(value) for value in cells["protocol"]),
        "code": _code(cells),
    }


def _distinct(values: Iterable[Any]) -> list[Any]:
    return sorted(set(values))


def _libraries(known: Iterable[Provenance]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for item in known:
        for name, version in item.versions.items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(versions) for name, versions in sorted(found.items()) if name not in ("nsbench", "python")}


def _code(cells: pd.DataFrame) -> dict[str, list[str]]:
    """First 12 digits of the code digests, by kind and name of the plugin."""
    found: dict[str, set[str]] = {}
    for kind in ("dataset", "noise", "method", "network"):
        for text in cells[kind].astype(str).unique():
            chosen = json.loads(text)
            chosen = chosen.get("noise", chosen) if kind == "noise" else chosen
            if chosen.get("code"):
                found.setdefault(f"{kind} {chosen['name']}", set()).add(chosen["code"][:12])
    return {name: sorted(digests) for name, digests in sorted(found.items())}


def section(facts: dict[str, Any]) -> str:
    """What the protocol's table does not say, as markdown."""
    machines = facts["machines"]
    ran = f"{facts['started']} to {facts['finished']}" if facts["finished"] else NOTHING
    cost = f"{duration(3600 * facts['core_hours'])} of one core on {machines} machine{'' if machines == 1 else 's'}"
    resumed = f"; {facts['resumed']} cells were interrupted and went on" if facts["resumed"] else ""
    digests = "; ".join(f"{name} {code(_listed(found))}" for name, found in facts["code"].items())
    lines = [
        ["nsbench", _listed(facts["nsbench"])],
        ["Run", ran],
        ["Cost", f"{cost}, {_listed(facts['threads'])} thread each{resumed}"],
        ["Code of the plugins", digests],
    ]
    return "## Provenance\n\n" + table(["", ""], lines, left=2)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values)) or NOTHING
