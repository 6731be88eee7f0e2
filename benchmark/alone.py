"""A method by itself, for somebody else's training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    from torch import nn

    from .plugin import Method, Task
    from .registry import Registries

_WIDTH = 16


def build_method(
    name: str,
    task: Task,
    *,
    params: Mapping[str, Any] | None = None,
    network: str | Callable[[], nn.Module] = "unet",
    network_params: Mapping[str, Any] | None = None,
    seed: int = 0,
    plugins: Sequence[Path | str] = (),
) -> Method:
    """A registered method with freshly initialised networks, ready for `step` and `predict`.

    Parameters
    ----------
    name
        As in `nsbench list methods`.
    task
        Classes, channels and number of spatial axes (`ndim`) of the images that it will see.
    params
        Parameters of the method; the paper's where not given.
    network
        Name of a network, or a function that builds one: any module from images `[B, C, *spatial]` to logits
        `[B, num_classes, *spatial]` (a method that reaches into the network needs a `Network`).
    network_params
        Parameters of the named network; `width` is 16 unless given.
    seed
        Seeds the initialisation; every network of the method gets another one.
    plugins
        Files with further plugins.

    Raises
    ------
    UserError
        Unknown method, network or parameter, parameters for a network that is a function, or the method or network
        is not made for such a task.
    """
    if callable(network) and network_params:
        raise UserError("network_params belong to a named network; give the function its parameters itself")
    from .plugin import Builder
    from .registry import Registries
    from .seeds import stream_seed
    from .wrapped import method_finder

    registries = Registries(tuple(map(Path, plugins)))
    plugin = registries.methods.get(name)
    values = plugin.validate(dict(params or {}), f"method {name}")
    method: Method = plugin.load()(values, task, task.ndim)
    make = network if callable(network) else _maker(registries, network, dict(network_params or {}), task)
    find = method_finder(registries, task, task.ndim)
    method.setup(Builder(make, lambda i: stream_seed(seed, "initialisation", i), find))  # type: ignore[arg-type]
    return method


def _maker(registries: Registries, name: str, values: dict[str, Any], task: Task) -> Callable[[], nn.Module]:
    plugin = registries.networks.get(name)
    if task.ndim not in plugin.attributes.get("ndims", (2, 3)):
        raise UserError(f"network {name} is not made for {task.ndim}-D images; choose another")
    network_class, chosen = plugin.load(), plugin.validate({"width": _WIDTH} | values, f"network {name}")
    return lambda: network_class(len(task.channels), task.num_classes, task.ndim, chosen)  # type: ignore[no-any-return]
