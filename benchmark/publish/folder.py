"""A published folder: written beside its place, then swapped in; what others put there stays."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..digest import file_digest
from ..errors import UserError
from ..store.files import explain, read_json, write_json

MANIFEST = "published.json"
FORMAT = 1


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What `nsbench publish` said of a folder; None where it has written none.

    Raises
    ------
    UserError
        It is damaged, or of a newer version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        found = read_json(path)
        if found["format"] != FORMAT or not isinstance(found["files"], dict) or "spec" not in found:
            raise ValueError(f"{path} has format {found['format']}, this nsbench knows {FORMAT}")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}); delete the folder and publish again") from error
    known: dict[str, Any] = found
    return known


def check_target(folder: Path) -> None:
    """UserError where publishing to a folder would take or change what nsbench has not written there.

    A folder may hold a spec beforehand, and foreign files beside those that were published.
    """
    _restore(folder)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder} is a file; choose another folder with --to")
    names = {path.name for path in folder.iterdir()}
    manifest = read_manifest(folder)
    if manifest is None:
        if foreign := sorted(names - {"spec.yaml"}):
            raise UserError(
                f"{folder} holds files that nsbench publish has not written ({', '.join(foreign[:3])}"
                f"{' ...' if len(foreign) > 3 else ''}); choose another folder with --to, or move them away"
            )
        return
    for name, digest in manifest["files"].items():
        if name in names and file_digest(folder / name) != digest:
            raise UserError(
                f"{folder / name} was changed since it was published; keep the change in a file of another name, "
                f"then delete {name} and publish again"
            )


@contextmanager
def swapped(folder: Path) -> Iterator[Path]:
    """A stage to fill; when the block ends well it takes the folder's place, with the foreign files of before.

    Killed at any moment, the folder is the old one or the new one, or lies beside its place under a name
    from which the next call takes it back.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.new-", dir=folder.parent) as place:
            stage = Path(place) / folder.name
            stage.mkdir()
            yield stage
            _keep_foreign(folder, stage)
            _swap(folder, stage)
    except OSError as error:
        raise explain(error, Path(error.filename or folder)) from error


def seal(stage: Path, facts: dict[str, Any]) -> None:
    """Write the manifest: what is published and the digests of its files."""
    files = {path.name: file_digest(path) for path in sorted(stage.iterdir())}
    write_json(stage / MANIFEST, {"format": FORMAT, **facts, "files": files})


def _keep_foreign(folder: Path, stage: Path) -> None:
    if not folder.is_dir():
        return
    own = {MANIFEST, *(read_manifest(folder) or {"files": ()})["files"]}
    for path in folder.iterdir():
        if path.name in own or (stage / path.name).exists():
            continue
        if path.is_dir():
            shutil.copytree(path, stage / path.name, symlinks=True)
        else:
            shutil.copy2(path, stage / path.name, follow_symlinks=False)


def _swap(folder: Path, stage: Path) -> None:
    old = _aside(folder)
    if folder.exists():
        folder.rename(old)
    stage.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _restore(folder: Path) -> None:
    """Take back what a killed swap left aside."""
    old = _aside(folder)
    if not old.exists():
        return
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.rename(folder)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")
