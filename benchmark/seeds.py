"""One seed, independent random streams by purpose."""

from __future__ import annotations

import hashlib

import numpy as np


def stream_seed(seed: int, purpose: str, *keys: object) -> int:
    """A 63-bit seed for one purpose (`split`, `corruption`, `initialisation`, `batches` ...).

    Streams of different purposes or keys are independent, so that adding a draw to one of them
    changes nothing in the others.
    """
    text = "\x1f".join([str(seed), purpose, *map(str, keys)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, purpose: str, *keys: object) -> np.random.Generator:
    """A numpy generator on the stream of `stream_seed`."""
    return np.random.default_rng(stream_seed(seed, purpose, *keys))
