"""Subgraphs for questions of two and three hops: gold triples and answers found, and how large the subgraph is.

`python -m benchmarks.retrieval.pathquestion --data ../shared/data` prints the rows as JSON. `learned` is trained on the
gold paths of the training questions, `learned from answers` on their answers alone; both are stopped by the validation
questions. Entities are given, but for the rows that say `linked`. hits@1: the best node is one of the answers; but for
`learned`, which knows where routes end, the entities of the question are passed over.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.files.tables import read_rows
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question, read_questions
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.learning import learn_triples
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights, Walk

SUBGRAPH = 10
"""Answers are looked for in subgraphs of so many triples."""

SPLITS = ("train", "valid", "test")

Row = dict[str, object]
Split = dict[str, list[Question]]


@dataclass(frozen=True, slots=True)
class Found:
    """What one question brought."""

    triples: dict[int, float]
    answers: float
    first: bool
    size: int
    seconds: float


def rows(
    data: Path, *, hops: Sequence[int] = (2, 3), seeds: Iterable[int] = range(5), split: str = "test", weak: bool = True
) -> list[Row]:
    """All figures.

    Args:
        data: The folder that holds `pathquestion/`.
        hops: Which sets of questions.
        seeds: Seeds of training.
        split: On which questions to measure.
        weak: Whether to train from answers alone too.
    """
    found: list[Row] = []
    for hop in hops:
        with _opened(data, hop) as (index, questions):
            measured = questions[split]
            for walk in ("k-hop", "pagerank", "steiner"):
                found.append({"set": f"{hop}H", "method": walk} | _measured(index, measured, _settings(walk, hop)))
            for seed in seeds:
                found += _learned(index, questions, measured, hop, seed, weak)
    return found + _means(found)


def _learned(index: Index, questions: Split, measured: list[Question], hop: int, seed: int, weak: bool) -> list[Row]:
    found: list[Row] = []
    kinds = {"learned": questions}
    if weak:
        kinds["learned from answers"] = {
            name: [replace(question, triples=frozenset()) for question in part] for name, part in questions.items()
        }
    for name, given in kinds.items():
        start = time.perf_counter()
        training = RouteTraining(seed=seed)
        scorer, report = learn_triples(index.graph, index.linker, given["train"], given["valid"], training, longest=hop)
        trained = {"set": f"{hop}H", "method": name, "seed": seed, "training_s": round(time.perf_counter() - start, 1)}
        retriever = Retriever(index, _settings("learned", hop), _every(index.graph), scorer)
        found.append(trained | {"left_out": report.unlinked + report.unreachable} | _over(retriever, measured))
        if name == "learned":
            unlinked = [replace(question, query=Query(question.query.text)) for question in measured]
            found.append(trained | {"method": "learned, linked"} | _over(retriever, unlinked, measured))
    return found


def _measured(index: Index, questions: list[Question], settings: RetrievalSettings) -> Row:
    return _over(Retriever(index, settings, _every(index.graph)), questions)


def _over(retriever: Retriever, questions: list[Question], gold: list[Question] | None = None) -> Row:
    """Means over questions; `gold` says what is right, where it is not the questions themselves."""
    graph = retriever.index.graph
    retriever(questions[0].query)
    found = [_found(retriever, graph, *pair) for pair in zip(questions, gold or questions, strict=True)]
    seconds = [one.seconds for one in found]
    return {
        **{f"triples@{most}": _mean(one.triples[most] for one in found) for most in (5, 10, 20)},
        f"answers in {SUBGRAPH} triples": _mean(one.answers for one in found),
        "hits@1": _mean(one.first for one in found),
        "size": _mean(one.size for one in found),
        "questions": len(found),
        "p50_ms": round(1e3 * statistics.median(seconds), 2),
        "p95_ms": round(1e3 * float(np.quantile(seconds, 0.95)), 2),
    }


def _found(retriever: Retriever, graph: KnowledgeGraph, question: Question, gold: Question) -> Found:
    start = time.perf_counter()
    evidence = retriever(question.query)
    seconds = time.perf_counter() - start
    ranked = _ranked(evidence)
    ends = [{int(graph.heads[triple]), int(graph.tails[triple])} for triple in ranked[:SUBGRAPH]]
    small = set[int]().union(*ends)
    passed = (
        set() if retriever.settings.walk == "learned" else {graph.nodes.find(iri) for iri in question.query.entities}
    )
    best = next((node for node in evidence.targets.nodes.tolist() if node not in passed), None)
    return Found(
        {most: len(gold.triples & set(ranked[:most])) / len(gold.triples) for most in (5, 10, 20)},
        len(small & set(gold.answers)) / len(gold.answers),
        best in gold.answers,
        min(len(ranked), SUBGRAPH),
        seconds,
    )


def _ranked(evidence: Evidence) -> list[int]:
    """Triples of the subgraph, the best first."""
    order = np.argsort(-evidence.subgraph.weights, kind="stable")
    ranked: list[int] = evidence.subgraph.triples[order].tolist()
    return ranked


def _settings(walk: Walk, hop: int) -> RetrievalSettings:
    nothing = SourceWeights(bm25=0, dense=0, graph=0)
    return RetrievalSettings(walk=walk, nodes=64, hops=hop, weights=nothing)


def _means(found: list[Row]) -> list[Row]:
    """Mean and standard deviation over seeds."""
    groups: dict[tuple[object, object], list[Row]] = {}
    for row in found:
        if "seed" in row:
            groups.setdefault((row["set"], row["method"]), []).append(row)
    means: list[Row] = []
    for (name, method), group in groups.items():
        columns = [key for key in group[0] if "@" in key or "answers in" in key or key in ("size", "p50_ms", "p95_ms")]
        values = {key: [float(str(row[key])) for row in group] for key in columns}
        means.append(
            {"set": name, "method": method, "seeds": len(group)}
            | {key: round(statistics.fmean(value), 4) for key, value in values.items()}
            | {f"{key} sd": round(statistics.stdev(value), 4) for key, value in values.items() if len(value) > 1}
        )
    return means


def _mean(values: Iterable[float]) -> float:
    return round(statistics.fmean(values), 4)


def _every(graph: KnowledgeGraph) -> Int64[np.ndarray, " nodes"]:
    return np.arange(len(graph.nodes))


@contextmanager
def _opened(data: Path, hop: int) -> Iterator[tuple[Index, Split]]:
    folder = data / "pathquestion"
    graph = read_rdf(folder / f"{hop}h.nt")
    corpus = Corpus.of([Passage("none", "There are no passages here.")], graph)
    with tempfile.TemporaryDirectory() as place:
        index = Index.build(graph, corpus, HashingEncoder(), Path(place) / "index")
        yield index, {split: _read(folder / f"{hop}h.questions.jsonl", index, split) for split in SPLITS}


def _read(path: Path, index: Index, split: str) -> list[Question]:
    """The questions of a split, each with the entity where its path begins."""
    rows = [row for row in read_rows(path) if row.text("split") == split]
    questions = read_questions(path, index, split=split)
    return [
        replace(question, query=replace(question.query, entities=(row.values["path"][0][0],)))
        for row, question in zip(rows, questions, strict=True)
    ]


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--hops", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--weak", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for row in rows(given.data, hops=given.hops, seeds=range(given.seeds), split=given.split, weak=given.weak):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
