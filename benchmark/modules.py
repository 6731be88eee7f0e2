"""Where a module's source lies, found without importing anything, and importing a file that is in no package."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file, read again when the file has changed; not to be modified."""
    return _parse(path, *stamp(path))


def stamp(path: Path) -> tuple[int, int]:
    """Time of change and size of a file: what a cache of its content is keyed by."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=512)
def _parse(path: Path, changed: int, size: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def source_of(module: str) -> Path:
    """The file of a module. Its package is not executed: a plugin's package may print, or fail.

    Raises
    ------
    ModuleNotFoundError
        There is no such module, or it has no source file.
    """
    top, *parts = module.split(".")
    try:
        spec = find_spec(top)
    except ValueError:  # a module that was put into sys.modules by hand
        spec = None
    if spec is None or (spec.origin is None and not parts):
        raise ModuleNotFoundError(f"No module named {top!r}", name=top)
    if not parts:
        return Path(str(spec.origin))
    for folder in spec.submodule_search_locations or ():
        if file := source_below(Path(folder), parts):
            return file
    raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def source_below(folder: Path, parts: list[str]) -> Path | None:
    """The file of the module `parts` below a folder; None for none."""
    base = folder.joinpath(*parts)
    files = [base / "__init__.py", *([base.with_name(f"{base.name}.py")] if parts else [])]
    return next((file.resolve() for file in files if file.is_file()), None)


def import_loose(path: Path, version: str) -> ModuleType:
    """Import a file that is in no package; its relative imports look into the file's folder.

    Parameters
    ----------
    version
        Digest of its code: two files of one name, or two versions of one file, are two modules.
    """
    package = f"_nsbench_loose_{version[:16]}"
    if package not in sys.modules:
        parent = ModuleType(package, f"Stands for the folder {path.parent}.")
        parent.__path__ = [str(path.parent)]
        sys.modules[package] = parent
    name = f"{package}.{path.stem}"
    return sys.modules[name] if name in sys.modules else _execute(name, path)


def _execute(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path, loader=_FreshLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _FreshLoader(SourceFileLoader):
    """Compiles what the file holds now: a cached .pyc is taken for current for a second after a change."""

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code
