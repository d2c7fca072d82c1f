from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from ragmtl.errors import DataError
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.tagging.spans import Span
from ragmtl.tasks.answer import Asked
from ragmtl.tasks.base import Example, Spans
from ragmtl.tasks.spans import SpanTask, linked_words, span_task
from ragmtl.tasks.targets import Learned

TASK = SpanTask("names", ("film", "person"), places=6)
TEXT = "Ada saw Super Troopers and Duel"
TRUE = Spans((Span(0, 3, "person"), Span(8, 22, "film"), Span(27, 31, "film")))


def example(label: Spans | None = TRUE) -> Example:
    return Example("1", Query(TEXT), {} if label is None else {"names": label}, "1", "test")


def logits(*tags: Sequence[int]) -> np.ndarray:
    """Logits that say these tags, and nothing of the places after them."""
    table = np.zeros((len(tags), TASK.places, 5), np.float32)
    for row, said in enumerate(tags):
        table[row, range(len(said)), said] = 3.0
    return table.reshape(len(tags), -1)


RIGHT, HALF = [3, 0, 1, 2, 0, 1], [3, 0, 1, 0, 1, 1]


def test_exact_stretches_count() -> None:
    """By hand: of three true ones, two are among the four that are marked ("Super" alone and "and" are wrong)."""
    found = {name: one.value for name, one in TASK.measure(logits(HALF), [example()]).items()}
    assert found == pytest.approx({"precision": 2 / 4, "recall": 2 / 3, "f1": 4 / 7})
    assert TASK.measure(logits(RIGHT), [example()])["f1"].value == 1.0


def test_a_label_that_training_never_saw_is_missed_and_an_example_without_labels_counts_for_nothing() -> None:
    opera = example(Spans((Span(0, 3, "opera"),)))
    assert TASK.measure(logits(RIGHT), [opera])["recall"].value == 0.0
    both = TASK.measure(logits(RIGHT, HALF), [example(), example(None)])
    assert both["f1"].value == 1.0
    assert not both["f1"].rows[1].any()


def test_the_loss_is_the_cross_entropy_of_the_words_of_labelled_examples() -> None:
    said = torch.from_numpy(logits(RIGHT, HALF))
    one = -float(torch.tensor([3.0, 0, 0, 0, 0]).log_softmax(0)[0])
    assert float(TASK.loss(said, [example(), example(None)])) == pytest.approx(one)
    assert float(TASK.loss(said, [example(None)] * 2)) == 0.0


def test_an_answer_holds_places_in_the_text() -> None:
    answer = TASK.answer(logits(RIGHT)[0], Asked(example(), str))
    assert [TEXT[one.start : one.end] for one in answer.marked] == ["Ada", "Super Troopers", "Duel"]
    assert answer.chosen == ("Ada (person)", "Super Troopers (film)", "Duel (film)")
    assert all(0.8 < one.value < 1 for one in answer.marked)


def test_labels_are_those_of_train_and_must_be_few() -> None:
    assert span_task(Learned("names", (), [TRUE])).labels == ("film", "person")
    with pytest.raises(DataError, match="found none in 1 training rows"):
        span_task(Learned("names", (), [Spans(())]))
    many = Spans(tuple(Span(at, at + 1, f"label {at}") for at in range(200)))
    with pytest.raises(DataError, match="found 200"):
        span_task(Learned("names", (), [many]))


def test_names_that_the_linker_found_stand_beside_the_words() -> None:
    found = linked_words(TEXT, [(8, 22, 0.5), (27, 31, 0.25)], 6)
    assert found[:, 0].tolist() == [0, 0, 0.5, 0, 0, 0.25]
    assert found[:, 1].tolist() == [0, 0, 0, 0.5, 0, 0]
