from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question, parted, read_examples, read_questions
from ragmtl.retrieval.query import Query
from tests.retrieval.conftest import X


def read(tmp_path: Path, index: Index, *rows: dict[str, Any], split: str | None = None) -> list[Question]:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_questions(path, index, split=split)


def test_every_kind_of_gold_is_read(tmp_path: Path, index: Index) -> None:
    triple = [X + "sumac", X + "typicalOf", X + "Levant"]
    first, second = read(
        tmp_path,
        index,
        {"id": "q1", "question": "Where from?", "gold": ["Sumac"], "path": [triple], "answers": [X + "Levant"]},
        {"text": "bread", "passages": "p-bread|p-rice", "group": "g", "entities": [X + "bread"], "exclude": ["spices"]},
    )
    assert (first.id, first.group, first.query.text) == ("q1", "q1", "Where from?")
    assert [index.corpus.ids[place] for place in first.passages] == ["p-sumac"]
    assert [index.graph.triple(triple) for triple in first.triples] == [
        tuple(find(iri) for find, iri in zip(finders(index), triple, strict=True))
    ]
    assert [index.graph.nodes[node] for node in first.answers] == [X + "Levant"]
    assert (second.id, second.group, second.query.entities) == ("2", "g", (X + "bread",))
    assert second.query.exclude == {"spices"}
    assert {index.corpus.ids[place] for place in second.passages} == {"p-bread", "p-rice"}


@pytest.mark.parametrize("answers", [[], "[]"])
def test_an_empty_list_of_answers_says_that_nothing_answers(tmp_path: Path, index: Index, answers: object) -> None:
    first, second = read(
        tmp_path, index, {"text": "rice", "answers": answers}, {"text": "bread", "passages": ["p-bread"], "answers": []}
    )
    assert not first.wants
    assert second.wants
    assert not second.answers


def finders(index: Index) -> tuple[Any, Any, Any]:
    return index.graph.nodes.find, index.graph.relations.find, index.graph.nodes.find


def test_a_split_can_be_chosen(tmp_path: Path, index: Index) -> None:
    rows = [{"text": name, "passages": ["p-rice"], "split": name} for name in ("valid", "test")]
    assert [question.query.text for question in read(tmp_path, index, *rows, split="test")] == ["test"]
    with pytest.raises(DataError, match="with 'train' in the column 'split'"):
        read(tmp_path, index, *rows, split="train")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"passages": ["p-rice"]}, "expected a question"),
        ({"text": "rice"}, "expected what should be found"),
        ({"text": "rice", "passages": ["Smoked papprika"]}, "did you mean 'Smoked paprika'"),
        ({"text": "rice", "answers": [X + "sumak"]}, "did you mean 'http://x/sumac'"),
        ({"text": "rice", "triples": [[X + "sumac", X + "typicalOf"]]}, "lists of head, relation and tail"),
        ({"text": "rice", "triples": "sumac"}, "expected a list of triples"),
        ({"text": "rice", "triples": [[X + "sumac", X + "typicalof", X + "Levant"]]}, "expected a relation"),
        ({"text": "rice", "triples": [[X + "sumac", X + "typicalOf", X + "Spain"]]}, "expected a triple of the graph"),
        ({"id": "first", "text": "rice", "passages": ["p-rice"]}, "here and in line 1"),
    ],
)
def test_mistakes_say_file_and_line(tmp_path: Path, index: Index, row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, index, {"id": "first", "text": "rice", "passages": ["p-rice"]}, row)
    assert str(caught.value).startswith(f"{tmp_path / 'questions.jsonl'}:2: ")


def test_a_tenth_is_set_apart_by_group_and_never_all() -> None:
    asked = [Question(str(row), Query(f"question {row}"), group=f"g{row // 2}") for row in range(200)]
    train, valid = parted(asked)
    assert 160 < len(train) < 195
    assert not {question.group for question in train} & {question.group for question in valid}
    ungrouped = parted([replace(question, group="") for question in asked])
    alone = parted([replace(question, group=question.id) for question in asked])
    assert [one.id for one in ungrouped[1]] == [one.id for one in alone[1]] != []
    for group in ("a", "b", "c", "d", "g5", "g7"):
        train, valid = parted([replace(question, group=group) for question in asked])
        assert (len(train), len(valid)) == (200, 0)


def test_examples_to_learn_from_never_hold_test_rows(index: Index, tmp_path: Path) -> None:
    rows = [
        {"id": f"{split} {row}", "question": f"bread {row}", "passages": ["p-bread"], "split": split}
        for split in ("train", "valid", "test")
        for row in range(20)
    ]
    table = tmp_path / "questions.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    train, valid = read_examples(table, index)
    assert [question.id for question in train] == [f"train {row}" for row in range(20)]
    assert [question.id for question in valid] == [f"valid {row}" for row in range(20)]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows if row["split"] != "valid"), encoding="utf-8")
    train, valid = read_examples(table, index)
    assert {question.id.split()[0] for question in (*train, *valid)} == {"train"}
    assert len(train) + len(valid) == 20
