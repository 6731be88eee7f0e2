"""Whether the data of the papers' tables lie on this machine."""

from __future__ import annotations

from typing import Literal

from ..errors import UserError
from ..registry import Registries
from ..spec.choices import DatasetChoice
from ..spec.roots import find_root
from .paper_table import Declared, Part

State = Literal["here", "absent", "private"]


def data_states(declared: Declared, registries: Registries) -> dict[str, State]:
    """Dataset (as in `--dataset`; of private data, the part) -> whether it can be used."""
    found: dict[str, State] = {}
    for part in declared.table.parts:
        if part.unavailable:
            found[part.name] = "private"
            continue
        for text in _named(declared, part):
            choice = DatasetChoice.model_validate(text)
            found[choice.label] = "here" if _is_here(choice, registries) else "absent"
    return found


def _named(declared: Declared, part: Part) -> list[object]:
    fields = declared.fields(part, stands_in=False)
    source = fields.get("source")
    return [*fields["datasets"], *([source] if source else [])]


def _is_here(choice: DatasetChoice, registries: Registries) -> bool:
    """By its folder; what the folder holds is read when the table is planned."""
    if registries.datasets.get(choice.dataset).attributes.get("needs_root", True) is False:
        return True
    try:
        find_root(choice, {})
    except UserError:
        return False
    return True
