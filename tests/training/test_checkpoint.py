"""Checkpoints hold values, never code."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from nsbench.benchmark.training import checkpoint


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("mapped", [False, True])
def test_values_and_tensors_come_back(tmp_path: Path, mapped: bool) -> None:
    state = {"weights": {"a": torch.arange(3.0)}, "rows": [{"loss": 0.5, "name": "x", "missing": None}], "update": 3}
    checkpoint.save(tmp_path / "deep" / "state.pt", state)
    found = checkpoint.load(tmp_path / "deep" / "state.pt", mapped=mapped)
    assert found is not None
    assert torch.equal(found.pop("weights")["a"], torch.arange(3.0))
    assert found == {"rows": state["rows"], "update": 3}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["state.pt"]


def test_there_may_be_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "state.pt") is None


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickled_payload_is_set_aside_and_not_run(tmp_path: Path, writer: str) -> None:
    path, target = tmp_path / "state.pt", tmp_path / "executed"
    if writer == "torch":
        torch.save({"method": Payload(target)}, path)
    else:
        path.write_bytes(pickle.dumps({"method": Payload(target)}, protocol=2))
    assert checkpoint.load(path) is None
    assert not target.exists()
    assert not path.exists()
    assert (tmp_path / "state.damaged").exists()


@pytest.mark.parametrize("mapped", [False, True])
def test_a_truncated_file_is_set_aside(tmp_path: Path, mapped: bool) -> None:
    path = tmp_path / "state.pt"
    checkpoint.save(path, {"a": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-200])
    assert checkpoint.load(path, mapped=mapped) is None
    assert (tmp_path / "state.damaged").exists()


def test_a_sound_checkpoint_is_kept_when_there_is_no_memory_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError

    checkpoint.save(tmp_path / "state.pt", {"a": 1})
    with monkeypatch.context() as patched:
        patched.setattr(torch, "load", no_memory)
        with pytest.raises(torch.OutOfMemoryError):
            checkpoint.load(tmp_path / "state.pt")
    assert checkpoint.load(tmp_path / "state.pt") == {"a": 1}


def test_the_random_state_is_restored() -> None:
    with torch.random.fork_rng(devices=[]):
        state = checkpoint.random_state()
        first = torch.rand(3)
        checkpoint.set_random_state(state)
        assert torch.equal(torch.rand(3), first)
