"""Reconstruction pre-training: which weights each stage moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.testing.world import make_view

from .scarce import VIEW, WORLD, after, built, same, trained


def names(method: Any) -> tuple[list[str], list[str]]:
    """Names of the encoder's tensors, statistics included, and of the segmentation decoder's parameters."""
    inside = set(map(id, method.encoder_parts))
    owners = dict(method.network.named_modules())
    state = [f"network.{name}" for name in method.network.state_dict()]
    encoder = [name for name in state if id(owners[name.rpartition(".")[0].removeprefix("network.")]) in inside]
    parameters = [f"network.{name}" for name, _ in method.network.named_parameters()]
    return encoder, [name for name in parameters if name not in encoder]


@pytest.mark.parametrize(("name", "freezes"), [("pretrain-dec", True), ("pretrain-cnn", False)])
def test_the_encoder_is_kept_or_fine_tuned(name: str, freezes: bool, tmp_path: Path) -> None:
    method = built(name)
    before = {key: value.clone() for key, value in method.state_dict().items()}
    encoder, decoder = names(method)
    last = trained(method, tmp_path)
    rebuilt = after(tmp_path, "reconstruction")
    assert same(before, rebuilt, decoder), "the reconstruction moves no decoder but its own"
    assert not same(before, rebuilt, encoder)
    assert not same(before, rebuilt, (key for key in before if key.startswith("reconstruction.levels")))
    assert same(rebuilt, last, encoder) == freezes, "frozen: bit-identical, running statistics included"
    assert not any(torch.equal(rebuilt[key], last[key]) for key in decoder if key.endswith("weight"))


def test_the_unlabeled_images_are_rebuilt_and_the_labeled_ones_where_there_are_no_others() -> None:
    method, everything = built("pretrain-cnn"), make_view(WORLD, "scarce", labeled=8)
    assert [stage.on for stage in method.stages(VIEW)] == [VIEW.unlabeled, VIEW.labeled]
    assert [stage.on for stage in method.stages(everything)] == [everything, everything]
    assert method.stages(VIEW)[0].optimisers[0].factor == 0.1


def test_an_unknown_feature_stage_is_refused() -> None:
    with pytest.raises(UserError, match=r"encoder_end enc9.*enc1, enc2"):
        built("pretrain-cnn", encoder_end="enc9")
