"""A last look for what belongs to this machine before a folder is published."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import UserError
from ..store import Store

_TEXTS = (".md", ".csv", ".json", ".yaml")
_SHORTEST = 4
"""Shorter folder names (`/`, `/w`) are found in any text."""


def check_private(stage: Path, store: Store) -> None:
    """UserError where a file of a stage names a folder of the run, the data or the user, or this machine."""
    secrets = _secrets(store)
    for path in sorted(stage.iterdir()):
        for text in _texts(path):
            for secret in secrets:
                if secret in text:
                    raise UserError(
                        f"{path.name} would hold {secret}, which belongs to this machine; take it out of the spec, "
                        "its name or its labels"
                    )


def _secrets(store: Store) -> list[str]:
    roots = {cell.root for cell in store.planned_cells() if cell.root}
    folders = {str(Path.home()), str(store.out.resolve()), str(Path.cwd()), *roots}
    host = socket.gethostname()
    names = {host} if "." in host or any(letter.isdigit() for letter in host) else set()
    return sorted(text for text in folders | names if len(text) >= _SHORTEST)


def _texts(path: Path) -> Iterator[str]:
    if path.suffix in _TEXTS:
        yield path.read_text(encoding="utf-8")
    elif path.suffix == ".parquet":
        table = pq.ParquetFile(path).read()
        yield from ((table.schema.metadata or {}).values() and [str(table.schema.metadata)])
        for field in table.schema:
            if pa.types.is_string(field.type):
                yield from table[field.name].drop_null().unique().to_pylist()
