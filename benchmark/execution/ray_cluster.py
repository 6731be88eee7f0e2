"""Ray as nsbench uses it: started here or joined, and what fits into it."""

from __future__ import annotations

import os
import socket
from typing import Any, NamedTuple

from ..errors import UserError
from ..store import Status
from .settings import WorkerSettings

CAUSE_CHARACTERS = 300
CONNECT_SECONDS = 10


def connect(address: str | None, cpus: int | None) -> Any:
    """The `ray` module, connected: to a running cluster, or to one of our own on this machine.

    Parameters
    ----------
    cpus
        Cores of a cluster of our own; None for all.

    Raises
    ------
    UserError
        Ray is not installed or does not start, or no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise UserError("ray is not installed: pip install 'nsbench[ray]', or use --executor inline") from error
    _require_answer(address)
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "ignore_reinit_error": True}
    try:
        if address:
            ray.init(address=address, **common)
        else:
            # "local": neither RAY_ADDRESS nor a cluster that happens to run here is joined unasked
            ray.init(address="local", include_dashboard=False, num_cpus=cpus, **common)
    except Exception as error:  # a start that takes too long is a bare Exception
        raise UserError(f"ray does not start: {error}; check --address, or use --executor inline") from error
    return ray


def _require_answer(address: str | None) -> None:
    """Ray itself tries for minutes to reach an address where nothing is."""
    host, _, port = (address or "").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.rpartition("/")[2], int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise UserError(
            f"--address {address}: no cluster answers there ({error}); is its head node running?"
        ) from error


def connect_for(address: str | None, workers: int | None, settings: WorkerSettings) -> Any:
    """`connect`, with cores for the workers; UserError where not one of them fits."""
    ray = connect(address, workers * settings.threads if workers else None)
    if not room(ray, settings):
        raise no_room(ray, settings)
    return ray


def room(ray: Any, settings: WorkerSettings) -> int:
    """How many workers fit into the nodes that are alive, none of them divided between two nodes."""
    return sum(_fit(node["Resources"], settings) for node in ray.nodes() if node["Alive"])


def _fit(resources: dict[str, float], settings: WorkerSettings) -> int:
    fits = int(resources.get("CPU", 0) // settings.threads)
    return min(fits, int(resources.get("GPU", 0) / settings.gpus + 1e-9)) if settings.gpus else fits


def no_room(ray: Any, settings: WorkerSettings) -> UserError:
    """The error for a cluster none of whose nodes can run a cell."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    has = ", ".join(f"{node.get('CPU', 0):g} cores and {node.get('GPU', 0):g} GPUs" for node in nodes)
    return UserError(
        f"a cell needs {settings.threads} cores and {settings.gpus:g} GPUs, but the machines have {has or 'none'}; "
        "lower --cpus-per-run or --gpus-per-run"
    )


class Loss(NamedTuple):
    """Why an actor is gone: the status and words for its cell, and whether its machine went with it."""

    status: Status
    cause: str
    node: bool


def read_loss(error: Exception) -> Loss:
    """What ray's error says of an actor that did not answer."""
    from ray.exceptions import NodeDiedError, OutOfMemoryError

    text = " ".join(str(error).split())
    head = text[:CAUSE_CHARACTERS]
    memory = isinstance(error, OutOfMemoryError) or "OutOfMemory" in head or "low on memory" in head
    node = isinstance(error, NodeDiedError) or ("node" in head.lower() and "died" in head.lower())
    _, found, detail = text.partition("Worker exit detail: ")
    cause = f"the worker died: {detail}"[:CAUSE_CHARACTERS] if found else head
    return Loss("oom" if memory else "failed", cause, node)
