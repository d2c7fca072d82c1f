from __future__ import annotations

import numpy as np
import pytest
import torch

from ragmtl.errors import DataError
from ragmtl.models.heads.generation import Search
from ragmtl.retrieval.query import Query
from ragmtl.tasks.answer import Asked
from ragmtl.tasks.base import Example
from ragmtl.tasks.generation import GenerationTask, Writing, generation_task, tokenizers_of, with_tokenizer
from ragmtl.tasks.targets import Learned
from ragmtl.tasks.tokenizer import QUERY, TAIL, new_tokenizer

TEXTS = ("Fight Club is by David Fincher.", "Alien is by Ridley Scott.")
WRITING = Writing(Search(longest=24), vocabulary=300)


def task_of(*texts: str, writing: Writing = WRITING) -> GenerationTask:
    return generation_task(Learned("line", (), list(texts)), output="sentence", writing=writing)


def row_of(task: GenerationTask, text: str, query: str, evidence: str) -> np.ndarray:
    """A row as the head gives it."""
    tokenizer = task.tokenizer
    written, asked, read = tokenizer.encode([text, query, evidence])
    padded = [*written, tokenizer.end, *[tokenizer.padding] * task.writing.search.longest][
        : task.writing.search.longest
    ]
    return np.array([*padded, tokenizer.marker(QUERY), *asked, tokenizer.marker(TAIL), *read], np.float32)


def example(text: str | None) -> Example:
    return Example("a", Query("Alien"), {} if text is None else {"line": text}, "a", "test")


def test_figures_are_of_texts_with_a_right_one() -> None:
    task = task_of(*TEXTS)
    row = row_of(task, "Alien is by Ridley Scott.", "Alien", "Ridley Scott")
    figures = task.measure(
        np.stack([row, row, row]), [example(" Alien is by\nRidley Scott. "), example("x"), example(None)]
    )
    assert figures["exact"].value == 0.5
    assert figures["exact"].rows[2].tolist() == [0, 0]
    assert figures["names_supported"].value == 1.0
    assert set(figures) == {
        *("chrf", "bleu", "exact", "supported", "names_supported"),
        *("supported_of_right", "names_supported_of_right"),
    }
    assert set(task.measure(np.zeros((0, 1), np.float32), [])) == set(figures)


def test_an_answer_says_what_the_evidence_does_not() -> None:
    task = task_of(*TEXTS)
    answer = task.answer(row_of(task, "Alien is by Ridley Scott.", "Alien", "Ridley"), Asked(example(None), str))
    assert answer.chosen == ("Alien is by Ridley Scott.",)
    assert answer.meaning.endswith(
        "Of the 2 words that it adds to the query, 1 are in the evidence that was read; not there: scott."
    )


def test_the_loss_is_the_mean_over_tokens() -> None:
    rows = torch.tensor([[6.0, 2.0], [0.0, 0.0], [3.0, 1.0]])
    assert task_of(*TEXTS).loss(rows, [example("x")] * 3) == 3.0
    assert task_of(*TEXTS).loss(torch.zeros(1, 2), [example(None)]) == 0.0


def test_a_run_keeps_the_tokenizer() -> None:
    task, other = task_of(*TEXTS), task_of("something else", "and again something else")
    assert with_tokenizer(other, tokenizers_of([task])) == GenerationTask("line", "sentence", task.tokenizer, WRITING)
    assert with_tokenizer(other, {}) is other


MANY = [f"Sentence number {row} says something." for row in range(40)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["the same"] * 3, "texts that differ, found 'the same' in all 3"),
        ([str(row) for row in range(40)], 'numbers in 40 of 40 training rows; is it of kind "number"'),
        ([f"http://x/{row}" for row in range(40)], "IRIs in 40 of 40"),
        (
            ["good film", "bad film"] * 20,
            'only 2 different ones in 40 training rows, such as .good film.; is it of kind "class"',
        ),
        (
            [*MANY, "word " * 9_999],
            "found 1 of 41 training rows with more; the longest has .*word word.* raise `longest`",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_with_counts(texts: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        task_of(*texts)


def test_a_new_tokenizer_is_of_the_training_texts() -> None:
    assert task_of(*TEXTS).tokenizer == new_tokenizer(TEXTS, 300)
