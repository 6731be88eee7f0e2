"""A plugin file of methods that go wrong in every way that comes to mind."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import torch
from torch import Tensor

from nsbench.benchmark.plugin import LossMethod


class _Hostile(LossMethod):
    def loss(self, logits: Tensor, batch: Any) -> Tensor:
        self.misbehave()
        return logits.mean()

    def misbehave(self) -> None:
        """Go wrong."""


class DeviceMemory(_Hostile):
    """Asks for more memory than the device has."""

    name = "x-device-memory"
    citation = "none"

    def misbehave(self) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")


class HostMemory(_Hostile):
    """Asks for a pebibyte."""

    name = "x-host-memory"
    citation = "none"

    def misbehave(self) -> None:
        torch.empty(2**50)


class Leaves(_Hostile):
    """Asks the interpreter to exit."""

    name = "x-leaves"
    citation = "none"

    def misbehave(self) -> None:
        sys.exit(3)


class Dies(_Hostile):
    """Takes the process with it."""

    name = "x-dies"
    citation = "none"

    def misbehave(self) -> None:
        os._exit(7)


class Hangs(_Hostile):
    """Never comes back."""

    name = "x-hangs"
    citation = "none"

    def misbehave(self) -> None:
        time.sleep(1000)


class Raises(_Hostile):
    """Raises in its step, at length and with what no encoding knows."""

    name = "x-raises"
    citation = "none"

    def misbehave(self) -> None:
        raise ValueError("\udcff" + "x" * 100_000)


class RaisesEarly(_Hostile):
    """Raises before it has a network."""

    name = "x-raises-early"
    citation = "none"

    def setup(self, build: Any) -> None:
        """Do not set up."""
        raise KeyError("no such thing")


class NotANumber(_Hostile):
    """Has a loss that is not a number."""

    name = "x-nan"
    citation = "none"

    def loss(self, logits: Tensor, batch: Any) -> Tensor:
        """NaN."""
        return logits.mean() * float("nan")


class Talks(_Hostile):
    """Prints to standard output, and so do its children."""

    name = "x-talks"
    citation = "none"

    def misbehave(self) -> None:
        print("not JSON")
        os.system("echo not JSON either")
