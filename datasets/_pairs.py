"""Images and labels that belong together, and those that lack one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._files import some


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
