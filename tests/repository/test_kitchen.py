"""The embedded example is what its README says."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf

KITCHEN = Path(__file__).parents[2] / "examples" / "kitchen"
NAMESPACE = "https://ragmtl.example/kitchen/"


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return read_rdf(KITCHEN / "graph")


@pytest.fixture(scope="module")
def dishes() -> list[dict[str, str]]:
    return [json.loads(line) for line in (KITCHEN / "dishes.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    with (KITCHEN / "dish_ingredients.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def subjects(graph: KnowledgeGraph, kind: str) -> set[int]:
    relation = graph.relations.find("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    tail = graph.nodes.find(NAMESPACE + kind)
    rows = (graph.relation_ids == relation) & (graph.tails == tail)
    return {int(head) for head in graph.heads[rows]}


def test_it_is_as_large_as_promised(graph: KnowledgeGraph, dishes: list[dict[str, str]]) -> None:
    assert len(subjects(graph, "Dish")) == len(dishes) >= 300
    assert len(subjects(graph, "Ingredient")) >= 250
    assert len((KITCHEN / "passages.jsonl").read_text(encoding="utf-8").splitlines()) >= 250


def test_every_node_has_a_name(graph: KnowledgeGraph) -> None:
    own = [node for node in range(len(graph.nodes)) if graph.nodes[node].startswith(NAMESPACE)]
    assert own
    assert not [graph.nodes[node] for node in own if not graph.names(node)]


def test_no_description_names_a_cuisine(dishes: list[dict[str, str]]) -> None:
    cuisines = {dish["cuisine"] for dish in dishes}
    assert len(cuisines) == 16
    pattern = re.compile(r"\b(" + "|".join(cuisines) + r")\b", re.IGNORECASE)
    assert not [dish["id"] for dish in dishes if pattern.search(dish["text"])]


def test_the_graph_does_not_state_what_is_in_a_dish(graph: KnowledgeGraph) -> None:
    found, ingredients = subjects(graph, "Dish"), subjects(graph, "Ingredient")
    stated = [i for i in range(len(graph)) if int(graph.heads[i]) in found and int(graph.tails[i]) in ingredients]
    assert not stated


def test_allergens_of_a_dish_are_those_of_its_ingredients(
    graph: KnowledgeGraph, dishes: list[dict[str, str]], table: list[dict[str, str]]
) -> None:
    relation = graph.relations.find(NAMESPACE + "allergen")
    allergens: dict[str, set[str]] = {}
    for head, tail in zip(
        graph.heads[graph.relation_ids == relation], graph.tails[graph.relation_ids == relation], strict=True
    ):
        allergens.setdefault(graph.nodes[int(head)], set()).add(
            graph.nodes[int(tail)].removeprefix(NAMESPACE + "allergen-")
        )
    for dish in dishes:
        parts = [row["ingredient"] for row in table if row["dish"] == dish["dish"]]
        assert sorted(set().union(*(allergens.get(part, set()) for part in parts))) == list(dish["allergens"])


def test_each_dish_keeps_one_ingredient_for_test(table: list[dict[str, str]]) -> None:
    counts = Counter((row["dish"], row["split"]) for row in table)
    dishes = {row["dish"] for row in table}
    assert all(counts[dish, "test"] == 1 and counts[dish, "train"] >= 2 for dish in dishes)
