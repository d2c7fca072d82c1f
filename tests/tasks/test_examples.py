from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.tagging.spans import Span
from ragmtl.tasks.base import Source, Spans, Task
from ragmtl.tasks.classify import ClassTask, LabelsTask, class_task, labels_task
from ragmtl.tasks.examples import Columns, read_examples
from ragmtl.tasks.recommendation.recommend import RankingTask, ranking_task
from ragmtl.tasks.spans import span_task
from ragmtl.tasks.splits import Fractions
from ragmtl.tasks.targets import Target

NODES = ["http://x/Alien", "http://x/Brazil", "http://x/Casablanca"]
FILMS: list[dict[str, object]] = [
    {"id": "1", "text": "in space", "film": NODES[0], "mood": "dark", "tags": ["space", "cat"], "split": "train"},
    {"id": "2", "text": "ducts", "film": NODES[1], "mood": "odd", "tags": [], "split": "train"},
    {"id": "3", "text": "rain", "film": NODES[2], "mood": None, "tags": ["cat"], "split": "train"},
    {"id": "4", "text": "a ship", "film": NODES[0], "mood": "dark", "tags": None, "split": "valid"},
    {"id": "5", "text": "paper", "film": NODES[1], "mood": "odd", "tags": ["cat"], "split": "dev"},
    {"id": "6", "text": "a bar", "film": NODES[2], "mood": "odd", "tags": ["space"], "split": "test"},
]
COLUMNS = Columns(id="id", text="text", entity="film", split="split")
MOOD, TAGS = Target("mood", "mood", "class", class_task), Target("tags", "tags", "labels", labels_task)
FILM = Target("film", "film", "item", partial(ranking_task, history=True))


def _write(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path = folder / "films.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def _read(folder: Path, rows: Sequence[Mapping[str, object]], *targets: Target) -> Source:
    return read_examples(_write(folder, rows), COLUMNS, targets or (MOOD, TAGS), known=NODES)


def _changed(row: int, **cells: object) -> list[dict[str, object]]:
    return [film | cells if at == row else film for at, film in enumerate(FILMS)]


def test_tasks_share_the_examples_of_their_table(tmp_path: Path) -> None:
    source = read_examples(_write(tmp_path, FILMS), COLUMNS, [MOOD, TAGS], known=NODES, hide=["http://x/mood"])
    assert source.name == "films.jsonl"
    assert [type(task) for task in source.tasks] == [ClassTask, LabelsTask]
    assert [task.answers for task in source.tasks] == [("dark", "odd"), ("cat", "space")]
    assert all(isinstance(task, Task) for task in source.tasks)
    first = source.examples[0]
    assert (first.query.text, first.query.entities) == ("in space", (NODES[0],))
    assert first.query.hide == {"http://x/mood"}
    assert first.labels == {"mood": 0, "tags": (1, 0)}
    assert source.positions("valid").tolist() == [3, 4]


def test_a_missing_label_is_masked_and_an_empty_list_is_an_answer(tmp_path: Path) -> None:
    examples = _read(tmp_path, FILMS).examples
    assert examples[1].labels == {"mood": 1, "tags": ()}
    assert "mood" not in examples[2].labels
    assert "tags" not in examples[3].labels


def test_rows_without_any_label_are_left_out_and_counted(tmp_path: Path) -> None:
    source = _read(tmp_path, [*FILMS, {"id": "7", "text": "x", "split": "test"}])
    assert len(source.examples) == 6
    assert source.notes == ("1 rows carry no label and were left out",)


def test_rare_answers_are_left_out_and_counted(tmp_path: Path) -> None:
    source = _read(tmp_path, _changed(2, mood="slow"), Target("mood", "mood", "class", class_task, min_count=2))
    assert source.tasks[0].answers == ("dark", "odd")
    assert len(source.examples) == 5
    assert source.notes == ("mood: 1 answers with fewer than 2 rows were left out (1 labels)",)


def test_cells_of_text_hold_several_values(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("text,tags,group\na,x|y,g\nb, y ,g\nc,,h\nd,x,h\ne,x|y,i\n")
    source = read_examples(
        path,
        Columns(text="text", group="group"),
        [TAGS],
        fractions=Fractions(0.5, 0.5, 0.0),
    )
    assert [example.id for example in source.examples] == ["line 2", "line 3", "line 5", "line 6"]
    assert source.examples[0].labels == {"tags": (0, 1)}
    assert len({example.split for example in source.examples if example.group == "g"}) == 1


def test_the_group_is_the_entity_unless_told(tmp_path: Path) -> None:
    assert [example.group for example in _read(tmp_path, FILMS).examples[:3]] == NODES


DIALOGUES: list[dict[str, object]] = [
    {"d": "7", "said": ["hi", "Alien?"], "met": [NODES[0], "http://x/Israel"], "film": NODES[1], "split": "train"},
    {"d": "7", "said": ["no"], "met": [], "film": NODES[0], "split": "train"},
    {"d": "8", "said": ["ok"], "met": [NODES[2]], "film": NODES[2], "split": "valid"},
]


def test_items_are_ranked_from_a_text_and_a_history(tmp_path: Path) -> None:
    columns = Columns(text="said", history="met", group="d", exclude="rd-{d}", split="split")
    source = read_examples(_write(tmp_path, DIALOGUES), columns, [FILM], known=NODES)
    task, first, last = source.tasks[0], source.examples[0], source.examples[2]
    assert isinstance(task, RankingTask)
    assert task.answers == tuple(NODES)
    assert first.query.text == "hi\nAlien?"
    assert first.query.history == (NODES[0], "http://x/Israel")
    assert first.query.exclude == {"rd-7"}
    assert (first.labels["film"], first.past["film"].tolist()) == (1, [0])
    assert (task.slices(first), task.slices(last)) == (("all", "new only"), ("all",))


def test_a_dialogue_may_begin_with_nothing(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [*DIALOGUES, {"d": "9", "said": [], "met": [], "film": NODES[0], "split": "valid"}]
    columns = Columns(text="said", history="met", group="d", split="split")
    source = read_examples(_write(tmp_path, rows), columns, [FILM])
    assert source.examples[3].query == Query()


def test_a_label_that_train_never_saw_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"films\.jsonl:5: task 'mood'.*found 'odder' in valid only; move a row"):
        _read(tmp_path, _changed(4, mood="odder"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_changed(0, split="tset"), r":1: expected a split"),
        (
            _changed(1, film="http://x/Brasil"),
            r":2: expected an entity of the graph in 'film', found 'http://x/Brasil'",
        ),
        (_changed(1, film="http://x/Brasil"), r"did you mean 'http://x/Brazil'"),
        (_changed(1, text=" ", film=None), r":2: expected a text or an entity"),
        (_changed(1, id="1"), r":2: expected different ids, found '1' as in line 1"),
        (_changed(1, mood=["odd", "dark"]), r":2: expected one class in 'mood', found 2"),
        ([film | {"mood": "odd"} for film in FILMS], r"expected two answers or more in 'mood', found only 'odd'"),
        ([film | {"tags": []} for film in FILMS], r"expected labels in 'tags', found none"),
        ([film for film in FILMS if film["split"] not in {"valid", "dev"}], r"expected valid rows to choose"),
        ([film for film in FILMS if film["split"] != "train"], r"expected train rows to learn from"),
        ([{k: v for k, v in film.items() if k != "mood"} for film in FILMS], r"expected a column 'mood'"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, rows: Sequence[Mapping[str, object]], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _read(tmp_path, rows)
    assert caught.value.source == tmp_path / "films.jsonl"


def test_a_time_must_be_a_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r":1: expected a time in seconds, found 'dark'"):
        read_examples(_write(tmp_path, FILMS), Columns(text="text", split="split", time="mood"), [TAGS])


def _marked(folder: Path, cell: object, text: object = " Ada saw Duel ") -> Source:
    rows: list[dict[str, object]] = [
        {"text": text, "names": [[1, 4]]},
        {"text": text, "names": cell},
        {"text": "Duel", "names": []},
    ]
    rows = [row | {"split": split} for row, split in zip(rows, ("valid", "train", "train"), strict=True)]
    target = Target("names", "names", "spans", span_task)
    return read_examples(_write(folder, rows), Columns(text="text", split="split"), [target])


@pytest.mark.parametrize("cell", [[[9, 13, "film"], [1, 4, "http://x/Ada"]], '[[1, 4], [9, 13, "film"]]'])
def test_stretches_are_places_of_the_text_without_the_spaces_around_it(tmp_path: Path, cell: object) -> None:
    source = _marked(tmp_path, cell)
    assert source.examples[1].query.text == "Ada saw Duel"
    assert source.examples[1].labels == {"names": Spans((Span(0, 3, "entity"), Span(8, 12, "film")))}
    assert source.examples[2].labels == {"names": Spans(())}
    assert source.tasks[0].answers == ("O", "B-entity", "I-entity", "B-film", "I-film")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ([[1, 40]], "1 ≤ start < end ≤ 13 in 'names', found '.1, 40.'"),
        ([[4, 4, "film"]], "start < end"),
        ([["1", "4", "film"]], "start < end"),
        ("Duel", "a list of stretches in 'names'"),
    ],
)
def test_stretches_that_are_none_are_refused(tmp_path: Path, cell: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _marked(tmp_path, cell)
    assert ":2:" in str(caught.value)


def test_stretches_are_of_one_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected one text in 'text'"):
        _marked(tmp_path, [[0, 1]], text=["Ada", "Duel"])
