"""Images and labels that belong together, those that lack one another, and files that are neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..benchmark.plugin import UserError
from ._files import some, visible
from ._image_files import stem_of


def with_known_format(folder: Path, lacks: Callable[[str], None]) -> list[tuple[str, Path]]:
    """The files of a folder and their names without format; `lacks` is told of those of an unknown kind."""
    found = []
    for path in visible(folder):
        try:
            found.append((stem_of(path), path))
        except UserError as error:
            lacks(f"{error}; remove it or take it elsewhere")
    return found


def complete_pairs(
    dataset: str, images: dict[str, Path], labels: dict[str, Path], lacks: Callable[[str], None]
) -> list[tuple[str, Path, Path]]:
    """Images and labels of equal id, in the order of the images.

    Parameters
    ----------
    lacks
        Told which images have no label and which labels no image: `Dataset.lacks`, which raises UserError or notes it.
    """
    problems = []
    if bare := [str(images[key]) for key in images if key not in labels]:
        problems.append(f"no label for {some(bare)}")
    if orphans := [str(labels[key]) for key in labels if key not in images]:
        problems.append(f"no image for {some(orphans)}")
    if problems:
        lacks(f"dataset {dataset}: {'; '.join(problems)}; complete the data folder or remove these files")
    return [(key, path, labels[key]) for key, path in images.items() if key in labels]
