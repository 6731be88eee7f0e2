"""The kinds of plugins that a package can be written for, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registered import Kind


class PluginKind(StrEnum):
    """Kinds of plugins as `nsbench new` and `nsbench test` name them."""

    method = "method"
    dataset = "dataset"
    noise_model = "noise-model"
    network = "network"

    @property
    def registered(self) -> Kind:
        """The kind as registries name it."""
        return "noise" if self is PluginKind.noise_model else self.value  # type: ignore[return-value]


@dataclass(frozen=True)
class Sort:
    """What a package of one kind of plugin says.

    Attributes
    ----------
    module
        Stem of the plugin's file; also the name of its template.
    listed
        The kind in `nsbench list`, and the registry's name.
    test
        Name of the test's template.
    about
        One sentence for the README.
    command
        A first run, with the plugin's name to be filled in.
    test_options
        What `nsbench test` needs besides the name.
    """

    kind: PluginKind
    module: str
    listed: str
    about: str
    command: str
    test: str = "test_plugin"
    test_options: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """What is filled into the templates."""
        from ..discovery import GROUPS
        from ..registered import WORDS

        kind = self.kind.registered
        return {
            "kind": kind,
            "word": WORDS[kind],
            "shown": kind,
            "group": GROUPS[kind],
            "module": self.module,
            "listed": self.listed,
            "about": self.about,
            "test_options": self.test_options,
        }


SORTS = {
    sort.kind: sort
    for sort in (
        Sort(
            PluginKind.method,
            "method",
            "methods",
            "As generated it is a loss: the error of the probabilities to a power.",
            "nsbench run --methods ce,$name --budget smoke",
        ),
        Sort(
            PluginKind.dataset,
            "dataset",
            "datasets",
            "As generated it reads `images/ID.png` and `labels/ID.png`.",
            "nsbench run --dataset $name --data-root DIR --budget smoke",
            "test_dataset",
            " --data-root DIR",
        ),
        Sort(
            PluginKind.noise_model,
            "noise_model",
            "noise",
            "As generated it moves the label along its first axis.",
            "nsbench run --noise $name --methods ce --budget smoke",
        ),
        Sort(
            PluginKind.network,
            "network",
            "networks",
            "As generated it is a small convolutional network on two scales.",
            "nsbench run --network $name --methods ce --budget smoke",
        ),
    )
}
"""What differs, by kind."""
