from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ragmtl.config import parse_config
from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.tables import load_tasks
from ragmtl.tasks.base import Source
from ragmtl.tasks.classify import class_task, labels_task
from ragmtl.tasks.entities import COLUMN, Stated, read_entities
from ragmtl.tasks.targets import Target

X = "http://x/"
CLASSES = Target("cuisine", COLUMN, "class", class_task)
DISHES = 12


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeGraph:
    """Twelve dishes of two cuisines; the first has both, the last is no dish but has a cuisine."""
    lines = [f'<{X}thai> <http://www.w3.org/2000/01/rdf-schema#label> "Thai" .']
    for n in range(DISHES):
        lines.append(f"<{X}d{n}> <{X}cuisine> <{X}{'thai' if n % 2 else 'greek'}> .")
        lines.append(f"<{X}{'thai' if n % 2 else 'greek'}> <{X}has> <{X}d{n}> .")
        lines.append(f'<{X}d{n}> <{X}spice> "{n % 3}" .')
        lines.append(f'<{X}d{n}> <http://www.w3.org/2000/01/rdf-schema#label> "dish {n}" .')
        if n < DISHES - 1:
            lines.append(f"<{X}d{n}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{X}Dish> .")
    lines.append(f"<{X}d0> <{X}cuisine> <{X}thai> .")
    path = tmp_path_factory.mktemp("graph") / "dishes.nt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_rdf(path)


def _labels(source: Source) -> dict[str, object]:
    answers = source.tasks[0].answers
    return {one.id: answers[label] for one in source.examples if isinstance(label := one.labels["cuisine"], int)}


def test_entities_are_labelled_by_where_a_relation_leads(graph: KnowledgeGraph) -> None:
    source = read_entities(graph, Stated(X + "cuisine"), CLASSES, hide=[X + "cuisine"])
    assert _labels(source) == {f"{X}d{n}": "Thai" if n % 2 else "greek" for n in range(1, DISHES)}
    assert source.notes[0].startswith("1 entities with several values were left out")
    first = source.examples[0]
    assert (first.query.entities, first.group) == ((first.id,), first.id)
    assert first.query.hide == {X + "cuisine"}
    assert {one.split for one in source.examples} == {"train", "valid", "test"}


def test_the_description_is_the_text_without_what_is_hidden(graph: KnowledgeGraph) -> None:
    described = read_entities(graph, Stated(X + "cuisine"), CLASSES, hide=[X + "cuisine"])
    assert all(one.query.text.startswith("dish ") for one in described.examples)
    assert not any("Thai" in one.query.text or "greek" in one.query.text for one in described.examples)
    bare = read_entities(graph, Stated(X + "cuisine", describe=False), CLASSES)
    assert not any(one.query.text for one in bare.examples)


def test_classes_inverse_relations_and_literals_are_labels_too(graph: KnowledgeGraph) -> None:
    dishes = read_entities(graph, Stated(X + "cuisine", of=X + "Dish"), CLASSES)
    assert f"{X}d{DISHES - 1}" not in _labels(dishes)
    inverse = read_entities(graph, Stated(X + "has", inverse=True), CLASSES)
    assert len(_labels(inverse)) == DISHES
    spices = read_entities(graph, Stated(X + "spice"), CLASSES)
    assert spices.tasks[0].answers == ("0", "1", "2")


def test_any_number_of_values_are_labels(graph: KnowledgeGraph) -> None:
    many = replace(CLASSES, kind="labels", make=partial(labels_task, balanced=False))
    source = read_entities(graph, Stated(X + "cuisine"), many)
    assert next(one for one in source.examples if one.id == X + "d0").labels["cuisine"] == (0, 1)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (Stated(X + "cuisin"), "did you mean 'http://x/cuisine'"),
        (Stated(X + "cuisine", of=X + "Disk"), "expected a class of the graph with instances, found <http://x/Disk>"),
        (Stated("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), "expected two answers or more"),
    ],
)
def test_what_the_graph_does_not_state_is_an_error(graph: KnowledgeGraph, stated: Stated, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_entities(graph, stated, CLASSES)


def test_the_configuration_hides_the_relation_by_itself(graph: KnowledgeGraph, tmp_path: Path) -> None:
    task = {"name": "cuisine", "kind": "entity", "relation": X + "cuisine", "hide": [X + "has"], "min_count": 2}
    config = parse_config(
        {"name": "x", "graph": {"sources": ["g.nt"]}, "corpus": {"path": "p"}, "folder": tmp_path, "tasks": [task]}
    )
    assert config.tasks[0].hide == [X + "has", X + "cuisine"]
    (loaded,) = load_tasks(config, graph)
    assert all(one.query.hide == {X + "has", X + "cuisine"} for one in loaded.source.examples)
    again = parse_config(config.model_dump(mode="json"))
    assert again.tasks[0].hide == config.tasks[0].hide
