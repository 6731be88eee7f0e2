"""The protocol above the tables: what was the same for all methods."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .leaderboard import Leaderboard
from .rows import Row
from .supervised import share
from .text import NOTHING, count, escape, settings, table

_SIDE_BY_SIDE = 4


def protocol(board: Leaderboard) -> str:
    """One column per setting (dataset, network, view, budget, selection), one line per fact."""
    columns = [_column(board, rows) for rows in _settings(board.rows).values()]
    blocks = []
    for start in range(0, len(columns), _SIDE_BY_SIDE):
        part = columns[start : start + _SIDE_BY_SIDE]
        lines = [[name, *(column[name] for column in part)] for name in part[0] if name != "Dataset"]
        blocks.append(table(["", *(column["Dataset"] for column in part)], lines, left=len(part) + 1))
    return "\n\n".join(blocks)


def _settings(rows: Iterable[Row]) -> dict[tuple[str, ...], list[Row]]:
    names = ("network", "view", "budget", "selection")
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault((row.facts["dataset"], *map(row.setting, names)), []).append(row)
    return found


def _column(board: Leaderboard, rows: list[Row]) -> dict[str, str]:
    facts, budget = rows[0].facts, rows[0].facts["budget_fields"]
    cells = board.cells[board.cells["row"].isin([row.unit for row in rows])]
    return {
        "Dataset": escape(facts["dataset"]),
        **_data(cells),
        **_labels([json.loads(text) for text in cells["noise"].unique()]),
        "Network": _named(facts["network"], facts["network_params"] | {"width": _width(facts)}),
        "Parameters": _span(row.facts["parameters"] for row in rows),
        "View": facts["view"],
        **_budget(budget),
        "Selection": _selection(facts["selection"], budget),
        "Seeds": ", ".join(str(seed) for seed in sorted(set(cells["seed"]))),
        "Protocol": str(facts["protocol"]),
        **_host(cells),
    }


def _data(cells: Any) -> dict[str, str]:
    dataset = json.loads(cells["dataset"].iloc[0])
    folds = f"{', '.join(map(str, sorted(set(cells['fold']))))} of {cells['folds'].iloc[0]}"
    done = cells[cells["status"] == "done"]
    sizes = (_span(done["train_cases"]), _span(done["test_cases"]))
    return {
        "Data": f"{_named(dataset['name'] + ':' + dataset['task'], dataset['params'])} ({dataset['fingerprint'][:8]})",
        "Classes": _several(", ".join(json.loads(text)) for text in done["classes"].unique()),
        "Split": _several(done["split"].unique()),
        "Fold": folds,
        "Training / test cases": " / ".join(sizes),
        "Preprocessing": _several(settings(json.loads(text)) for text in done["preprocessing"].unique()),
        "Tags": _several(", ".join(json.loads(text)) for text in done["tags"].unique()),
    }


def _budget(budget: dict[str, Any]) -> dict[str, str]:
    """The budget's fields, grouped."""
    own = ("momentum",) if budget["optimiser"] == "sgd" else ()
    names = (*own, "weight_decay", "gradient_clip")
    rest = {name: budget[name] for name in names if budget[name]}
    detail = {"poly": ("poly_power",), "step": ("step_every", "step_factor")}.get(budget["schedule"], ())
    limit = f", at most {budget['case_limit']} cases" if budget["case_limit"] else ""
    limit += f", {budget['train_cases']} training cases" if budget.get("train_cases") else ""
    return {
        "Budget": f"{budget['name']}{limit}",
        "Updates": f"{budget['updates']} {'in all' if budget['accounting'] == 'total' else 'per stage'}",
        "Batch / patch": f"{budget['batch_size']} / {'x'.join(map(str, budget['patch']))}",
        "Optimiser": _named(budget["optimiser"], {"lr": budget["learning_rate"]} | rest),
        "Schedule": _named(budget["schedule"], {name: budget[name] for name in detail}),
        "Precision": budget["precision"],
        "Augmentation": f"{budget['augmentation']}; {100 * budget['foreground']:g} % of patches on foreground",
        "Inference": f"Gaussian-blended windows, overlap {budget['overlap']:g}",
    }


def _selection(selection: str, budget: dict[str, Any]) -> str:
    if selection == "last":
        return "last: the final weights"
    end = f"; ends after {budget['patience']} updates without a better one" if budget.get("patience") else ""
    return f"{selection}, {100 * budget['validation']:g} % of training patients held out{end}"


def _host(cells: Any) -> dict[str, str]:
    done = cells[cells["host"].notna()]
    versions = [settings(json.loads(text)) for text in done["versions"].unique()]
    devices = done["device"].astype(str) + " (" + done["host"].astype(str) + ")"
    return {
        "Software": _several(f"Python {python}" for python in done["python"].unique()) + "; " + _several(versions),
        "Hardware": _several(devices.unique()),
    }


def _labels(supervisions: list[dict[str, Any]]) -> dict[str, str]:
    if supervisions[0]["kind"] == "noisy":
        noises = [each["noise"] for each in supervisions if each["ratio"]]
        return {"Label noise": _several(_plain(noise["name"], noise["params"]) for noise in noises)}
    unlabeled = _several(f"{each['unlabeled']} of the images" for each in supervisions)
    if supervisions[0]["kind"] == "scarce":
        shares = _several(share(each["labeled"]) for each in supervisions)
        return {
            "Labeled": f"{shares}, nested, stratified by group if cases have any, drawn by the seed",
            "Unlabeled": unlabeled,
        }
    return {"Labels of": _several(map(_source, supervisions)), "Unlabeled": unlabeled}


def _source(supervision: dict[str, Any]) -> str:
    source, spacing = supervision["source"], supervision["spacing"]
    to = settings({"spacing": spacing}) if spacing else "the coarser spacing of both"
    return f"{_plain(source['name'] + ':' + source['task'], source['params'])} ({source['fingerprint'][:8]}), at {to}"


def _width(facts: dict[str, Any]) -> Any:
    return facts["network_params"].get("width") or facts["budget_fields"]["width"]


def _named(name: str, values: dict[str, Any]) -> str:
    return escape(_plain(name, values))


def _plain(name: str, values: dict[str, Any]) -> str:
    text = settings(values)
    return f"{name}, {text}" if text else name


def _span(values: Iterable[float | None]) -> str:
    known = sorted({float(value) for value in values if value is not None})
    return "-".join(dict.fromkeys(count(value) for value in (known[0], known[-1]))) if known else NOTHING


def _several(texts: Iterable[str]) -> str:
    found = dict.fromkeys(escape(str(text)) for text in texts if text)
    return "; ".join(found) or NOTHING
