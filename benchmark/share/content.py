"""Is an unpacked member data, and nothing but data?"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..store.files import read_json
from .archive import Kind
from .clean import first_control
from .prediction import check_prediction
from .refused import Refused

MOST_ROWS = 10_000_000
MOST_COLUMNS = 1_000
LONGEST_TEXT = 4_096
"""Characters of a text in a table."""

_TABLES = {"cases.parquet", "curves.parquet"}
_PLAIN: tuple[Callable[[Any], bool], ...] = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_null,
)


def check_content(kind: Kind | None, path: Path) -> None:
    """Refused when a file does not hold what its name says.

    JSON must parse, and be free of what a terminal obeys; tables must be Parquet of numbers and short texts,
    readable to the end; weights must load without executing anything; predictions must say that they hold integers.
    """
    checks: dict[Kind | None, Callable[[Path], None]] = {
        "plan": _check_json,
        "record": _check_record,
        "provenance": _check_json,
        "table": _check_table,
        "weights": _check_weights,
        "prediction": check_prediction,
    }
    if kind in checks:
        checks[kind](path)


def _check_json(path: Path) -> None:
    _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = read_json(path)
    except ValueError as error:
        raise Refused(f"{path.name} cannot be parsed") from error
    if not isinstance(document, dict):
        raise Refused(f"{path.name} is no JSON object")
    if (text := first_control(document)) is not None:
        raise Refused(f"{path.name} holds control characters: {text[:80]!r}")
    return document


def _check_record(path: Path) -> None:
    files = _read(path).get("files", {})
    if not isinstance(files, dict) or not files.keys() <= _TABLES:
        raise Refused(f"{path.name} names files that no record has")


def _check_table(path: Path) -> None:
    try:
        schema = pq.read_schema(path)
        texts = [field.name for field in schema if _is_text(field.type)]
        strange = [field.name for field in schema if field.name not in texts and not _is_plain(field.type)]
        if strange or len(schema) > MOST_COLUMNS:
            raise Refused(f"{path.name} holds more than numbers and texts: {strange or f'{len(schema)} columns'}")
        # texts as dictionaries: one that is repeated takes no memory
        file = pq.ParquetFile(path, read_dictionary=texts)
        if file.metadata.num_rows > MOST_ROWS:
            raise Refused(f"{path.name} has {file.metadata.num_rows} rows")
        for batch in file.iter_batches(batch_size=65_536, use_threads=False):
            batch.validate(full=True)
            _check_texts(path, batch)
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"{path.name} is no readable Parquet file") from error


def _is_text(kind: Any) -> bool:
    of = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(of) or pa.types.is_large_string(of))


def _is_plain(kind: Any) -> bool:
    return any(check(kind) for check in _PLAIN)


def _check_texts(path: Path, batch: Any) -> None:
    for column in batch.columns:
        texts = column.dictionary if pa.types.is_dictionary(column.type) else column
        if _is_text(texts.type) and (pc.max(pc.binary_length(texts)).as_py() or 0) > LONGEST_TEXT:
            raise Refused(f"{path.name} holds a text of more than {LONGEST_TEXT} bytes")


def _check_weights(path: Path) -> None:
    import torch

    try:
        # torch's own format is a ZIP file that stores without compressing, so that it can be mapped
        with zipfile.ZipFile(path) as inner:
            packed = [entry for entry in inner.infolist() if entry.compress_type != zipfile.ZIP_STORED]
        if packed:
            raise Refused(f"{path.name} is compressed")
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{path.name} cannot be loaded as weights alone") from error
    if not isinstance(state, dict) or state.keys() != {"method"}:
        raise Refused(f"{path.name} holds no method's weights")
