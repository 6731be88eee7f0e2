"""Where the data of a dataset lie on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import UserError, nearest
from .choices import DatasetChoice


def check_roots(roots: Mapping[str, str], wanted: Sequence[DatasetChoice]) -> None:
    """Refuse a `--data-root` that belongs to no dataset, or might belong to several.

    Parameters
    ----------
    roots
        Folder by dataset (label, `ID@FOLDER` or id); the name of a bare folder is empty.
    wanted
        The datasets that need a folder.
    """
    names = {name for choice in wanted for name in root_names(choice)}
    for name, folder in roots.items():
        if name and name not in names:
            raise UserError(f"--data-root {name}={folder}: no such dataset here; {nearest(name, sorted(names))}")
    if "" in roots and len(wanted) != 1:
        labels = [choice.label for choice in wanted]
        remedy = f"say which: --data-root {labels[0]}=DIR" if labels else "leave it out"
        needing = ", ".join(labels) or "none"
        raise UserError(f"--data-root {roots['']}: datasets that need a folder: {needing}; {remedy}")


def find_root(choice: DatasetChoice, roots: Mapping[str, str]) -> Path:
    """The data folder: `--data-root`, else the spec's `root`, else a folder under NSBENCH_DATA.

    Raises
    ------
    UserError
        There is none; says what to set and what lies under NSBENCH_DATA.
    """
    given = next((roots[name] for name in [*root_names(choice), ""] if name in roots), choice.root)
    path = Path(given).expanduser() if given else _by_environment(choice)
    if not path.is_dir():
        raise UserError(f"dataset {choice.label}: {_missing(path)}; {_remedy(choice)}")
    return path.resolve()


def data_folders() -> list[str]:
    """Names of the folders under NSBENCH_DATA, sorted."""
    base = Path(os.environ.get("NSBENCH_DATA", ""))
    if not os.environ.get("NSBENCH_DATA") or not base.is_dir():
        return []
    return sorted(entry.name for entry in base.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def root_names(choice: DatasetChoice) -> list[str]:
    """The names by which `--data-root NAME=DIR` may call a dataset."""
    folder = f"@{choice.folder}" if choice.folder else ""
    return list(dict.fromkeys([choice.label, f"{choice.dataset}{folder}", choice.dataset]))


def _by_environment(choice: DatasetChoice) -> Path:
    base = os.environ.get("NSBENCH_DATA")
    if not base:
        raise UserError(f"dataset {choice.label}: no data folder is known; {_remedy(choice)}")
    return Path(base).expanduser() / (choice.folder or choice.dataset)


def _missing(path: Path) -> str:
    beside = data_folders()
    base = os.environ.get("NSBENCH_DATA")
    hint = f" (NSBENCH_DATA={base} holds {', '.join(beside) or 'no folder'})" if base else ""
    return f"the data folder {path} {'is not a folder' if path.exists() else 'does not exist'}{hint}"


def _remedy(choice: DatasetChoice) -> str:
    folder = choice.folder or choice.dataset
    similar = next((name for name in data_folders() if name.startswith(choice.dataset) and name != folder), None)
    if similar:
        return (
            f"name a folder, as in --dataset {choice.dataset}@{similar}, or give it with --data-root {choice.label}=DIR"
        )
    return f"give it with --data-root {choice.label}=DIR, or set NSBENCH_DATA to the folder that holds {folder}/"
