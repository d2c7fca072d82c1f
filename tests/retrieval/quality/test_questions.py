from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question, read_questions
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
