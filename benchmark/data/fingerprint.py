"""The fingerprint of a dataset: a digest of what its files hold, wherever they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..digest import digest, file_digest
from ..errors import UserError
from ..plugin.case import CaseRef
from ..plugin.dataset import Dataset
from ..store.files import read_json, write_json
from .cache import cache_folder


def fingerprint(dataset: Dataset, refs: Sequence[CaseRef], root: Path | None) -> str:
    """SHA-256 over case ids, patients, relative file names and contents, tables too; of the parameters without files.

    The digests of unchanged files (same size and times) come from the cache.

    Raises
    ------
    UserError
        A file is missing or cannot be read.
    """
    if root is None:
        return digest([dataset.name, dataset.params.model_dump(mode="json"), [_identity(ref) for ref in refs]])
    known = _KnownDigests(root)
    cases = [[*_identity(ref), [[_relative(p, root), known.of(p)] for p in ref.files]] for ref in refs]
    tables = [[_relative(p, root), known.of(p)] for p in dataset.tables()]
    known.save()
    return digest([cases, tables] if tables else cases)


def case_fingerprints(refs: Sequence[CaseRef], root: Path) -> dict[str, str]:
    """By case id, a digest of what the case's own files are called and hold; errors as of `fingerprint`."""
    known = _KnownDigests(root)
    found = {ref.id: digest([[_relative(p, root), known.of(p)] for p in ref.files])[:16] for ref in refs}
    known.save()
    return found


def _identity(ref: CaseRef) -> list[str]:
    return [ref.id, ref.patient]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


class _KnownDigests:
    """Digests of the files under one root, kept with the size and times that they were taken at."""

    def __init__(self, root: Path) -> None:
        self._path = cache_folder() / "fingerprints" / f"{digest(str(root.resolve()))[:24]}.json"
        self._known = self._read()
        self._current: dict[str, Any] = {}

    def of(self, path: Path) -> str:
        """SHA-256 of a file's content."""
        try:
            stat = path.stat()
            stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
            known = self._known.get(str(path))
            entry = known if known and known[0] == stamp else [stamp, file_digest(path)]
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}; complete the data folder") from None
        self._current[str(path)] = entry
        return str(entry[1])

    def save(self) -> None:
        if any(self._known.get(name) != entry for name, entry in self._current.items()):
            try:
                write_json(self._path, self._known | self._current)
            except UserError as error:
                raise UserError(f"{error} (or set NSBENCH_CACHE to a folder that can be written)") from error

    def _read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = read_json(self._path)
        except (OSError, ValueError):
            # a cache: whatever cannot be read is computed again
            return {}
        return found
