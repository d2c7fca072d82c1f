"""A sentence about a dish, from its triples, on the example that ships with ragmtl.

Sentences are made of the graph by a template of ours, for every dish alike, so this measures whether triples that were
retrieved are read and put into words, of dishes that training never saw; it does not measure style. Dishes have the
split of `dishes.jsonl`. Every arm reads the name of the dish.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generation.settings import settings_for
from ragmtl.config import Config
from ragmtl.graphs import read_graph
from ragmtl.kg.graph import KnowledgeGraph

EXAMPLE = Path(__file__).parents[2] / "examples" / "kitchen"
KITCHEN = "https://ragmtl.example/kitchen/"


def prepared(data: Path, work: Path) -> Config:
    """Write the table of sentences into a folder, and give its configuration; `data` is not read."""
    work.mkdir(parents=True, exist_ok=True)
    shutil.copytree(EXAMPLE / "graph", work / "graph", dirs_exist_ok=True)
    shutil.copyfile(EXAMPLE / "passages.jsonl", work / "passages.jsonl")
    config = _config(work)
    rows = sentences(read_graph(config), EXAMPLE / "dishes.jsonl")
    (work / "sentences.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return config


def sentences(graph: KnowledgeGraph, dishes: Path) -> Iterator[dict[str, str]]:
    """Rows of dish, name, sentence and split."""
    for line in dishes.read_text(encoding="utf-8").splitlines():
        dish = json.loads(line)
        node = graph.nodes.find(dish["dish"])
        row = graph.outgoing.row(node)
        tails: dict[str, list[str]] = {}
        for relation, tail in zip(
            graph.outgoing.relations[row].tolist(), graph.outgoing.neighbours[row].tolist(), strict=True
        ):
            tails.setdefault(graph.relations[relation].removeprefix(KITCHEN), []).append(graph.label(tail))
        name, course = graph.label(node), tails["course"][0].lower()
        ways = " and ".join(sorted(way.lower() for way in tails["technique"]))
        cuisine, country = tails["cuisine"][0], tails["country"][0]
        sentence = f"{name} is a dish of {cuisine} cooking, from {country}: it is eaten as {course} and made by {ways}."
        yield {"dish": dish["dish"], "name": name, "sentence": sentence, "split": dish["split"]}


def _config(work: Path) -> Config:
    task = {"name": "sentence", "text": "name", "entity": "dish", "reads": 128, "vocabulary": 600}
    return settings_for(work, "kitchen", ("graph", "passages.jsonl"), 16, task)
