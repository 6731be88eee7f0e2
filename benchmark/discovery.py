"""Finding plugins: in the folders of nsbench, by entry points, and in files named by `--plugin`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from .declarations import read_declarations
from .digest import code_files
from .errors import UserError
from .modules import source_of
from .registered import WORDS, Kind, Plugin, code_folder

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of nsbench."""

GROUPS: dict[Kind, str] = {
    "method": "nsbench.methods",
    "network": "nsbench.networks",
    "dataset": "nsbench.datasets",
    "noise": "nsbench.noise_models",
}
"""Entry-point groups."""

_FOLDERS: dict[Kind, tuple[str, ...]] = {
    "method": ("methods", "methods/losses"),
    "network": ("methods/networks",),
    "dataset": ("datasets",),
    "noise": ("noise_models",),
}
_REMEDY = "a plugin is a class with a literal name = '...' that derives from a base class of nsbench"


def built_in(kind: Kind) -> Iterator[Plugin[Any]]:
    """Plugins in the folders of nsbench; files that begin with an underscore are helpers."""
    for folder in _FOLDERS[kind]:
        for path in sorted((PACKAGE / folder).glob("*.py")):
            if not path.name.startswith("_"):
                module = ".".join(["nsbench", *folder.split("/"), path.stem])
                yield from _read(kind, path, module, "built-in", path.stem)


def installed(kind: Kind) -> Iterator[Plugin[Any]]:
    """Plugins that installed packages name as entry points: `MODULE`, or `MODULE:CLASS` for one of its classes."""
    for point in entry_points(group=GROUPS[kind]):
        origin, version = _package_of(point)
        try:
            path = source_of(point.module)
        except ModuleNotFoundError as error:
            yield Plugin(kind, point.name, point.module, origin, None, f"entry point {point.value}: {error}")
            continue
        found = list(_read(kind, path, point.module, origin, point.name, version))
        chosen = [plugin for plugin in found if _is_meant(plugin, point)]
        if not chosen:
            reason = f"{path} declares no {WORDS[kind]} {point.attr}".rstrip() + f" ({_REMEDY})"
            yield Plugin(kind, point.name, point.module, origin, None, reason)
        yield from chosen


def loose(kind: Kind, paths: Sequence[Path]) -> Iterator[Plugin[Any]]:
    """Plugins in files that are in no package; UserError for a path that is no Python file."""
    for path in paths:
        if not path.is_file() or path.suffix != ".py":
            reason = "is no Python file" if path.exists() else "no such file"
            raise UserError(f"--plugin {path}: {reason}; name the .py file that holds the plugin")
        yield from _read(kind, path, str(path.resolve()), str(path), path.stem)


def _read(kind: Kind, path: Path, module: str, origin: str, fallback: str, version: str = "") -> Iterator[Plugin[Any]]:
    try:
        declarations = read_declarations(path)
        code_files(path, code_folder(module, path.resolve(), origin))
    except Exception as error:  # whatever a stranger's file does to its readers, the other plugins are unharmed
        reason = str(error) if isinstance(error, SyntaxError | OSError) else f"{type(error).__name__}: {error}"
        yield Plugin(kind, fallback, module, origin, None, f"{path}: {reason}")
        return
    if not declarations and module.endswith(".py"):
        yield Plugin(kind, fallback, module, origin, None, f"{path} declares no plugin ({_REMEDY})")
    for found in declarations:
        if found.kind in (kind, ""):
            fault = f"{path}: {found.fault}" if found.fault else ""
            yield Plugin(kind, found.name, module, origin, found, fault, version)


def _package_of(point: EntryPoint) -> tuple[str, str]:
    """Name and version of the package that has the entry point, as words and as a requirement."""
    if point.dist is None:
        return point.value, ""
    return f"{point.dist.name} {point.dist.version}", f"{point.dist.name}=={point.dist.version}"


def _is_meant(plugin: Plugin[Any], point: EntryPoint) -> bool:
    """Whether the entry point names this class, or none."""
    found = plugin.declaration
    return found is None or not point.attr or point.attr == found.class_name
