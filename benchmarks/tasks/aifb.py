"""AIFB: the research group of a person, from text, from the graph, and from both; ten seeds.

    historical   `affiliation` and `employs` are removed from the graph, as R-GCN did
    strict       every edge between a person and a group is removed

    text only    the person's own literals (name, phone, fax, mail), nothing retrieved
    graph only   what is retrieved around the person
    both         the person's literals, and what is retrieved

A fifth of train is validation. Intervals are over the 36 test persons, of the mean over seeds.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.result import Row
from benchmarks.tasks.arms import Arms, train_arm
from ragmtl.compare import EvidenceKind
from ragmtl.config import Config, parse_config
from ragmtl.kg.exporting.export import write_ntriples
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.tasks.base import Split

HISTORICAL = ("http://swrc.ontoware.org/ontology#affiliation", "http://swrc.ontoware.org/ontology#employs")
ARMS: dict[str, tuple[bool, EvidenceKind]] = {
    "text only": (True, "none"),
    "graph only": (False, "retrieved"),
    "both": (True, "retrieved"),
}
"""Whether each arm reads the text, and on which evidence it is trained."""


def rows(
    data: Path,
    work: Path,
    *,
    seeds: Sequence[int] = range(10),
    split: Split = "test",
    settings: Sequence[str] = ("historical", "strict"),
    arms: Sequence[str] = tuple(ARMS),
) -> list[Row]:
    """The accuracy of every arm in both settings, and what both add to each."""
    made: list[Row] = []
    graph = read_rdf(data / "aifb" / "aifb.n3.gz", base="http://example.org/aifb")
    people = _people(data / "aifb")
    for setting in settings:
        found = Arms(("aifb", "group", setting, split), seeds)
        for arm in arms:
            text, kind = ARMS[arm]
            place = work / setting / ("text" if text else "graph")
            for measured in train_arm(
                _prepared(graph, people, setting, place, text=text), "group", kind, seeds, place, split
            ):
                found.add(arm, measured)
        made += [found.figure(arm, metric) for arm in arms for metric in ("accuracy", "macro_f1")]
        others = [arm for arm in arms if arm != "both"] if "both" in arms else []
        made += [found.difference("both", arm, "accuracy") for arm in others]
    return made


def _people(folder: Path) -> list[dict[str, str]]:
    """Every person with the group and the split: a fifth of train, drawn at random, is validation."""
    found = []
    for split in ("train", "test"):
        with (folder / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
            read = [(row["person"], row["label_affiliation"]) for row in csv.DictReader(file, delimiter="\t")]
        if split == "train":
            random.Random(0).shuffle(read)
        valid = len(read) // 5 if split == "train" else 0
        found += [
            {"person": person, "group": group, "split": "valid" if at < valid else split}
            for at, (person, group) in enumerate(read)
        ]
    return found


def _prepared(
    graph: KnowledgeGraph, people: Sequence[dict[str, str]], setting: str, work: Path, *, text: bool
) -> Config:
    """The graph without the edges of the setting, and the table of people."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "graph.nt").exists():
        write_ntriples(graph.with_changes(remove=_edges(graph, people, setting)), work / "graph.nt")
    with (work / "people.jsonl").open("w", encoding="utf-8") as file:
        for row in people:
            node = graph.nodes.find(row["person"])
            own = [] if node is None else [literal.text for _, literal in graph.literals_of(node)]
            file.write(json.dumps(row | {"text": " ; ".join(own) or "nothing"}) + "\n")
    (work / "passages.jsonl").write_text('{"id": "none", "text": "Nothing is retrieved."}\n', encoding="utf-8")
    task = {"name": "group", "kind": "class", "data": "people.jsonl", "entity": "person", "label": "group"}
    return parse_config(
        {
            "name": "aifb",
            "folder": work,
            "graph": {"sources": ["graph.nt"]},
            "corpus": {"path": "passages.jsonl"},
            "encoder": {"name": "hashing"},
            "retrieval": {"passages": 0, "nodes": 64, "neighbours": 8 if text else 0},
            "model": {"dim": 32, "layers": 1, "features": ["ids", "types"]},
            "training": {
                "epochs": 12,
                "patience": 12,
                "batch_size": 28,
                "steps": 12,
                "learning_rate": 5e-3,
                "conflicts": 0,
            },
            "tasks": [task | {"split": "split"} | ({"text": "text"} if text else {})],
        }
    )


def _edges(graph: KnowledgeGraph, people: Sequence[dict[str, str]], setting: str) -> list[tuple[str, str, str]]:
    """The statements to remove."""
    persons = {node for row in people if (node := graph.nodes.find(row["person"])) is not None}
    groups = {node for row in people if (node := graph.nodes.find(row["group"])) is not None}
    found = []
    for head, relation, tail in zip(
        graph.heads.tolist(), graph.relation_ids.tolist(), graph.tails.tolist(), strict=True
    ):
        between = (head in persons and tail in groups) or (head in groups and tail in persons)
        if graph.relations[relation] in HISTORICAL or (setting == "strict" and between):
            found.append((graph.nodes[head], graph.relations[relation], graph.nodes[tail]))
    return found
