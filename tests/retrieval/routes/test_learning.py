from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question, read_examples
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.learning import asked_of, learn_triples
from ragmtl.retrieval.routes.training import RouteTraining
from tests.retrieval.conftest import X


def question(index: Index, text: str, answer: str, entities: tuple[str, ...] = ()) -> Question:
    node = index.graph.nodes.find(X + answer)
    assert node is not None
    return Question(text, Query(text, entities), answers=frozenset([node]))


def test_the_entities_of_a_question_are_those_that_it_gives_or_else_names(index: Index) -> None:
    names = index.graph.nodes
    named = asked_of(index.graph, index.linker, question(index, "Where is sumac from?", "Levant"))
    assert named.seeds == {names.find(X + "sumac"): ((9, 14),)}
    given = asked_of(index.graph, index.linker, question(index, "Where is sumac from?", "Levant", (X + "rice",)))
    assert given.seeds == {names.find(X + "rice"): ()}


def test_what_is_not_used_is_counted(index: Index) -> None:
    questions = [
        question(index, "Where is sumac from?", "Levant"),
        question(index, "Where is it from?", "Levant"),
        question(index, "How is sumac made?", "sumac"),
        question(index, "Where is paella from?", "almond"),
    ]
    _, report = learn_triples(index.graph, index.linker, questions, questions[:1], RouteTraining(epochs=1), longest=1)
    assert (report.train, report.valid, report.unlinked, report.unreachable) == (1, 1, 1, 2)
    assert "left out: 1 that name no entity of the graph, 2 whose answers" in str(report)
    with pytest.raises(DataError, match="1 name none of its entities, 0 have answers"):
        learn_triples(index.graph, index.linker, questions[1:2], questions[:1])


def test_examples_are_shared_out_by_their_split_and_test_is_not_learned_from(index: Index, tmp_path: Path) -> None:
    table = tmp_path / "questions.jsonl"
    rows = [
        {"id": str(row), "question": "Where is sumac from?", "answers": [X + "Levant"], "split": split}
        for row, split in enumerate(("train", "test", "valid", "train"))
    ]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    train, valid = read_examples(table, index)
    assert ([one.id for one in train], [one.id for one in valid]) == (["0", "3"], ["2"])
    table.write_text("".join(json.dumps(row | {"split": ""}) + "\n" for row in rows))
    train, valid = read_examples(table, index)
    assert (len(train), valid) == (4, [])
