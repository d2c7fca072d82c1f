"""Names in dialogues about films: which entities the linker finds, alone and with a tagger learned on others.

A text is the whole of a dialogue; right are the entities that it mentions, as the data set lists them. Training
dialogues say which entities they mention, not where: what the linker finds of these, and nothing else, is a name.

    linker                 every mention
    linker, least weight   mentions of at least the weight that is best on validation
    linker + tagger        mentions that the tagger takes for names, from the threshold that is best on validation

Words are read by MiniLM. Intervals are over dialogues.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.result import Row
from benchmarks.tasks.arms import Arms
from ragmtl.evaluate import Measured
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.tagging.tagger import TaggerTraining, Text, known_text, train_tagger
from ragmtl.retrieval.tagging.words import WordReader
from ragmtl.tasks.base import Split
from ragmtl.tasks.metrics import Statistics, micro_f1_of, share

ALONE, WEIGHED, TAGGED = "linker", "linker, least weight", "linker + tagger"
WEIGHTS = tuple(round(0.05 * step, 2) for step in range(20))
METRICS = ("f1", "precision", "recall")

Keep = Callable[[Text], Sequence[Mention]]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A text, the nodes that it mentions, and which it is."""

    name: str
    text: Text
    nodes: frozenset[int]


def rows(
    data: Path, work: Path, *, seeds: Sequence[int] = range(5), split: Split = "test", encoder: str = "minilm"
) -> list[Row]:
    """The figures of every arm, and what the tagger adds."""
    graph = read_rdf(data / "movies" / "kg.nt.gz")
    lines = (data / "movies" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    passages = [json.loads(line) for line in lines]
    linker = Linker.build(graph, [f"{one.get('title', '')}\n{one['text']}" for one in passages])
    parts = _dialogues(data / "movies" / "dialogues.jsonl.gz", graph, linker)
    found, reader = Arms(("movies", "mentions", "all", split), seeds), WordReader(encoder)
    least = max(WEIGHTS, key=lambda weight: _counted(parts["valid"], _weighing(weight))["f1"].value)
    for seed in seeds:
        learned = [[one.text for one in parts[part]] for part in ("train", "valid")]
        tagger = train_tagger(reader, *learned, TaggerTraining(seed=seed))
        print(f"seed {seed}: threshold {tagger.threshold}", flush=True)
        arms: dict[str, Keep] = {
            ALONE: lambda text: text.found,
            WEIGHED: _weighing(least),
            TAGGED: lambda text, tagger=tagger: tagger(text.text, text.found),  # type: ignore[misc]
        }
        for arm, keep in arms.items():
            names = tuple(one.name for one in parts[split])
            found.add(arm, Measured("mentions", _counted(parts[split], keep), names, {}))
    made = [found.figure(arm, metric) for arm in (ALONE, WEIGHED, TAGGED) for metric in METRICS]
    return made + [found.difference(TAGGED, against, "f1") for against in (ALONE, WEIGHED)]


def _weighing(least: float) -> Keep:
    return lambda text: [one for one in text.found if one.weight >= least]


def _counted(dialogues: Sequence[Dialogue], keep: Keep) -> dict[str, Statistics]:
    counts = np.zeros((len(dialogues), 3))
    for row, one in enumerate(dialogues):
        found = {mention.node for mention in keep(one.text)}
        counts[row] = len(found & one.nodes), len(found), len(one.nodes)
    right, chosen, true = counts.T
    return {"f1": micro_f1_of(right, chosen, true), "precision": share(right, chosen), "recall": share(right, true)}


def _dialogues(path: Path, graph: KnowledgeGraph, linker: Linker) -> dict[str, list[Dialogue]]:
    """Each dialogue once, at its longest."""
    longest: dict[str, dict[str, object]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if len(row["context"]) >= len(longest.get(row["dialogue"], row)["context"]):  # type: ignore[arg-type]
                longest[row["dialogue"]] = row
    parts: dict[str, list[Dialogue]] = {"train": [], "valid": [], "test": []}
    for name, row in longest.items():
        text = "\n".join(row["context"])  # type: ignore[arg-type]
        nodes = frozenset(
            node
            for iri in row["mentioned"]  # type: ignore[attr-defined]
            if (node := graph.nodes.find(iri)) is not None
        )
        known = known_text(text, linker.link(text), nodes=nodes)
        parts[str(row["split"])].append(Dialogue(name, known, nodes))
    return parts
