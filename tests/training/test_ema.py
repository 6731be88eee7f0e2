"""The teacher that follows a student."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nsbench.benchmark.plugin import EMA


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3))


def image() -> torch.Tensor:
    return torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_a_decay_of_zero_copies_the_student() -> None:
    teacher, student = EMA(network(0)), network(1)
    teacher.update(student, 0.0)
    for name, value in student.state_dict().items():
        assert torch.equal(teacher.network.state_dict()[name], value)


def test_the_average_has_its_closed_form() -> None:
    first = network(0)
    teacher = EMA(first)
    students = [network(seed) for seed in range(1, 6)]
    for student in students:
        teacher.update(student, 0.9)
    for name, value in teacher.network.named_parameters():
        expected = 0.9**5 * dict(first.named_parameters())[name]
        for i, student in enumerate(students):
            expected = expected + 0.1 * 0.9 ** (4 - i) * dict(student.named_parameters())[name]
        torch.testing.assert_close(value, expected)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_batch_norm_statistics_are_copied(decay: float) -> None:
    teacher, student = EMA(network(0)), network(1)
    student.train()(image())
    teacher.update(student, decay)
    for name, value in student.named_buffers():
        assert torch.equal(dict(teacher.network.named_buffers())[name], value)


def test_a_decay_of_one_leaves_the_teacher_bit_identical() -> None:
    teacher, student = EMA(network(0)), network(1)
    student.train()(image())
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    teacher.update(student, 1.0)
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


def test_the_teacher_is_apart_from_the_student_and_has_no_gradient() -> None:
    student = network(0)
    teacher = EMA(student)
    found = teacher(image().requires_grad_())
    assert not found.requires_grad
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(1)
    assert torch.equal(teacher.train()(image()), found)
