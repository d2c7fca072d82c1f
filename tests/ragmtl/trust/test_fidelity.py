from __future__ import annotations

import pytest

from ragmtl.assembly import Assembly
from ragmtl.trust.asking import labelled_rows
from ragmtl.trust.fidelity import fidelity
from tests.ragmtl.trust.conftest import TASK, Reader


def test_attention_on_what_decides_is_faithful(assembly: Assembly) -> None:
    found = fidelity(Reader(), assembly, TASK, labelled_rows(assembly, TASK, "test"), pieces=1)
    assert len(found.rows) == 20
    assert found.attended.value > 0.3
    assert found.attended.value > found.at_random.value + 0.2


def test_attention_on_what_does_not_decide_is_not(assembly: Assembly) -> None:
    found = fidelity(Reader(honest=False), assembly, TASK, labelled_rows(assembly, TASK, "test"), pieces=1)
    assert found.attended.value < 0.05
    assert found.attended.value < found.at_random.value


def test_examples_with_too_little_evidence_do_not_count(assembly: Assembly) -> None:
    assert fidelity(Reader(), assembly, TASK, [0, 1], pieces=9).rows == ()


def test_the_evidence_of_the_examples_is_left_as_it_was(assembly: Assembly) -> None:
    before = [reading.evidence for reading in assembly.readings]
    fidelity(Reader(), assembly, TASK, labelled_rows(assembly, TASK, "test"))
    assert all(one is two.evidence for one, two in zip(before, assembly.readings, strict=True))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_seed_decides(assembly: Assembly, seed: int) -> None:
    rows = labelled_rows(assembly, TASK, "test")
    first, second = (fidelity(Reader(), assembly, TASK, rows, seed=seed).at_random.value for _ in range(2))
    assert first == second
