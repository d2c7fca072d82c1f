from __future__ import annotations

import numpy as np

from ragmtl.assembly import Assembly
from ragmtl.trust.asking import ask, chances, labelled_rows, likeliest
from tests.ragmtl.trust.conftest import TASK, Reader


def test_attention_is_that_of_each_example(assembly: Assembly) -> None:
    rows = labelled_rows(assembly, TASK, "test")
    asked = ask(Reader(), assembly, TASK, rows)
    assert asked.logits.shape == (20, 2)
    assert [len(one) for one in asked.passages] == [5] * 20
    assert [len(one) for one in asked.nodes] == [4] * 20
    alone = ask(Reader(), assembly, TASK, rows[3:4])
    assert np.array_equal(alone.passages[0], asked.passages[3])
    assert likeliest(asked.logits).tolist() == [1] * 20


def test_chances_of_classes_sum_to_one() -> None:
    assert np.allclose(chances(np.array([[0.0, 1000.0], [-3.0, -3.0]]), TASK).sum(axis=1), 1)


def test_other_splits_have_no_rows(assembly: Assembly) -> None:
    assert labelled_rows(assembly, TASK, "valid") == []
    assert ask(Reader(), assembly, TASK, []).logits.shape == (0, 2)
