"""From an archive, which anybody may have made, to an output folder."""

from __future__ import annotations

import hashlib
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..registry import Registries
from ..store import Store
from ..store.files import explain
from .archive import MANIFEST, Manifest, kind_of
from .content import check_content
from .members import check_entries, check_manifest, parse_manifest
from .refused import Refused
from .whole import check_run, make_leaderboard

GIB = 2**30
_CHUNK = 2**20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, ValueError)
"""What `zipfile` raises for damaged archives."""


@dataclass(frozen=True)
class Imported:
    """What was imported.

    Attributes
    ----------
    cells, missing
        Planned cells with and without a record.
    nsbench
        The version that exported it.
    """

    out: Path
    cells: int
    missing: int
    nsbench: str


def import_run(file: Path, out: Path, *, max_gib: float = 16.0, registries: Registries | None = None) -> Imported:
    """Unpack an archive of `export_run` as an output folder, whole or not at all.

    Only data of known names are taken, and only if they match their checksums, parse, and belong together. The
    leaderboard is made anew from the records; the one in the archive is not taken on trust.

    Parameters
    ----------
    out
        A folder that does not exist, or is empty.
    max_gib
        What the members may unpack to together.
    registries
        Where the leaderboard looks up its methods.

    Raises
    ------
    UserError
        The archive is refused (the message says why), or the folder is not free or cannot be written.
    """
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UserError(f"{out} is not an empty folder; choose another --out")
    with _opened(file) as archive:
        try:
            manifest = _examine(archive, file.stat().st_size, max_gib)
            return _import(archive, manifest, out, registries)
        except Refused as error:
            raise UserError(f"{file} is refused: {error}; nothing was imported") from error


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except FileNotFoundError as error:
        raise UserError(f"{file}: no such file") from error
    except (OSError, *_BROKEN) as error:
        raise UserError(f"{file} cannot be read as an archive of nsbench export: {error}") from error


def _examine(archive: zipfile.ZipFile, archive_bytes: int, max_gib: float) -> Manifest:
    """The manifest of an archive whose names and sizes are as they should be."""
    entries = check_entries(archive.infolist(), archive_bytes)
    manifest = parse_manifest(b"".join(_chunks(archive, MANIFEST)))
    check_manifest(manifest, entries)
    total = _size(manifest)
    if total > max_gib * GIB:
        raise Refused(f"it unpacks to {total / GIB:.1f} GiB, more than {max_gib:g}; if you trust it, raise --max-gib")
    return manifest


def _import(archive: zipfile.ZipFile, manifest: Manifest, out: Path, registries: Registries | None) -> Imported:
    """Unpack beside the output folder, check everything, and only then give it its name."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _check_room(out, _size(manifest))
        with tempfile.TemporaryDirectory(prefix=".nsbench-import-", dir=out.parent) as place:
            folder = Path(place) / "run"
            _unpack(archive, manifest, folder)
            store = Store(folder)
            missing, cells = check_run(store), len(store.finished_ids())
            make_leaderboard(store, registries)
            if out.exists():
                out.rmdir()
            folder.rename(out)
    except OSError as error:
        raise explain(error, Path(error.filename or out)) from error
    return Imported(out, cells, missing, manifest.nsbench)


def _size(manifest: Manifest) -> int:
    return sum(member.bytes for member in manifest.members.values())


def _check_room(out: Path, wanted: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if free < wanted:
        raise UserError(
            f"{out}: {wanted / GIB:.2g} GiB are needed, {free / GIB:.2g} GiB are free; choose another --out"
        )


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """Write the members one by one, each checked before the next; the leaderboard is only compared."""
    for name, member in manifest.members.items():
        kind, path = kind_of(name), folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        with path.open("xb") as target:
            for chunk in _chunks(archive, name):
                found.update(chunk)
                target.write(chunk)
        if found.hexdigest() != member.sha256:
            raise Refused(f"{name!r} does not match its checksum")
        try:
            check_content(kind, path)
        except Refused as error:
            raise Refused(f"{name!r}: {error}") from error
    shutil.rmtree(folder / "leaderboard", ignore_errors=True)


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A member's content piece by piece: never more than its size says, whatever the compressed data hold."""
    try:
        with archive.open(name) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except _BROKEN as error:
        raise Refused(f"{name!r} is damaged: {error}") from error
