"""Subgraphs for questions of two and three hops: gold triples and answers found, and how large the subgraph is.

`learned` is trained on the gold paths of the training questions, `learned from answers` on their answers alone; both
are stopped by the validation questions. Entities are given, but for the arm that says `linked`. hits@1: the best node
is one of the answers; but for `learned`, which knows where routes end, the entities of the question are passed over.
`peer: bm25 over triples` ranks the triples within as many hops as the question has by words that they share with it;
those that share none come last.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from benchmarks.result import Place, Row, mean_row, plain_row
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.files.tables import read_rows
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.quality.questions import Question, read_questions
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.learning import learn_triples
from ragmtl.retrieval.routes.routes import edges_from
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights, Walk

TASK = "subgraphs"
SUBGRAPH = 10
"""Answers are looked for in subgraphs of so many triples."""

CUTS = (5, 10, 20)
SPLITS = ("train", "valid", "test")
METRICS = (*(f"gold triples@{most}" for most in CUTS), f"answers in {SUBGRAPH} triples", "hits@1", "triples")

Split = dict[str, list[Question]]
Figures = dict[str, list[float]]
"""By metric, one figure for each question."""


def rows(
    data: Path, *, hops: Sequence[int] = (2, 3), seeds: Sequence[int] = range(5), split: str = "test"
) -> list[Row]:
    """All figures.

    Args:
        data: The folder that holds `pathquestion/`.
        hops: Which sets of questions.
        seeds: Seeds of training.
        split: On which questions to measure.
    """
    found: list[Row] = []
    for hop in hops:
        with _opened(data, hop) as (index, questions):
            place = ("pathquestion", TASK, f"{hop}H", split)
            for walk in ("k-hop", "pagerank", "steiner"):
                retriever = Retriever(index, _settings(walk, hop), _every(index.graph))
                found += _rows(place, walk, [_over(retriever, questions[split])], ())
            found += _rows(place, "peer: bm25 over triples", [_by_words(index.graph, questions[split], hop)], ())
            found += _learned(place, index, questions, hop, list(seeds))
    return found


def _learned(place: Place, index: Index, questions: Split, hop: int, seeds: list[int]) -> list[Row]:
    """Trained on gold triples (entities given, then linked), and on answers alone; every seed once."""
    weak = {name: [replace(question, triples=frozenset()) for question in part] for name, part in questions.items()}
    measured = questions[place[3]]
    unlinked = [replace(question, query=Query(question.query.text)) for question in measured]
    figures: dict[str, list[Figures]] = {"learned": [], "learned, linked": [], "learned from answers": []}
    seconds: list[float] = []
    for seed in seeds:
        for name, given in (("learned", questions), ("learned from answers", weak)):
            began, training = time.perf_counter(), RouteTraining(seed=seed)
            scorer, _ = learn_triples(
                index.graph, index.linker, given["train"], given["valid"], training, longest=hop
            )  # fmt: skip
            seconds.append(time.perf_counter() - began)
            retriever = Retriever(index, _settings("learned", hop), _every(index.graph), scorer)
            figures[name].append(_over(retriever, measured))
            if name == "learned":
                figures["learned, linked"].append(_over(retriever, unlinked, measured))
    found = [row for name, each in figures.items() for row in _rows(place, name, each, seeds)]
    return [*found, plain_row(place, "learned", "seconds to train", float(np.mean(seconds)), seeds)]


def _rows(place: Place, arm: str, figures: Sequence[Figures], seeds: Sequence[int]) -> list[Row]:
    """Means over questions and seeds; times as quantiles."""
    rows = [mean_row(place, arm, metric, [one[metric] for one in figures], seeds) for metric in METRICS]
    if "ms" in figures[0]:
        times = [time for one in figures for time in one["ms"]]
        for name, share in (("p50 ms", 0.5), ("p95 ms", 0.95)):
            rows.append(plain_row(place, arm, name, float(np.quantile(times, share)), seeds))
    return rows


def _over(retriever: Retriever, questions: list[Question], gold: list[Question] | None = None) -> Figures:
    """Figures of each question; `gold` says what is right, where it is not the questions themselves."""
    graph, learned = retriever.index.graph, retriever.settings.walk == "learned"
    retriever(questions[0].query)
    found: Figures = {metric: [] for metric in (*METRICS, "ms")}
    for question, right in zip(questions, gold or questions, strict=True):
        start = time.perf_counter()
        evidence = retriever(question.query)
        found["ms"].append(1e3 * (time.perf_counter() - start))
        passed = set() if learned else {graph.nodes.find(iri) for iri in question.query.entities}
        best = next((node for node in evidence.targets.nodes.tolist() if node not in passed), None)
        _judge(found, graph, _ranked(evidence), right, best)
    return found


def _judge(found: Figures, graph: KnowledgeGraph, ranked: list[int], gold: Question, best: int | None) -> None:
    """Add what the triples of one question are worth."""
    for most in CUTS:
        found[f"gold triples@{most}"].append(len(gold.triples & set(ranked[:most])) / len(gold.triples))
    ends = [{int(graph.heads[triple]), int(graph.tails[triple])} for triple in ranked[:SUBGRAPH]]
    small = set[int]().union(*ends)
    found[f"answers in {SUBGRAPH} triples"].append(len(small & set(gold.answers)) / len(gold.answers))
    found["hits@1"].append(float(best in gold.answers))
    found["triples"].append(min(len(ranked), SUBGRAPH))


def _by_words(graph: KnowledgeGraph, questions: list[Question], hop: int) -> Figures:
    """The triples around the entity of each question by BM25 over their text, as one writes it first."""
    found: Figures = {metric: [] for metric in METRICS}
    nothing = np.zeros(0, np.uint8)
    for question in questions:
        nodes = np.array([node for iri in question.query.entities if (node := graph.nodes.find(iri)) is not None])
        triples = np.zeros(0, np.int64)
        for _ in range(hop):
            edges = edges_from(graph, nodes, nothing)
            triples, nodes = np.union1d(triples, edges.triples), np.union1d(nodes, edges.ends)
        texts = [_text(graph, triple) for triple in triples.tolist()]
        places, _ = Lexical.build(texts).search(question.query.text.replace("_", " "), len(texts))
        ranked = [*triples[places].tolist(), *np.delete(triples, places).tolist()]
        start = set(question.query.entities)
        ends = (node for triple in ranked for node in _ends(graph, triple))
        _judge(found, graph, ranked, question, next((node for node in ends if graph.nodes[node] not in start), None))
    return found


def _ends(graph: KnowledgeGraph, triple: int) -> tuple[int, int]:
    return int(graph.heads[triple]), int(graph.tails[triple])


def _text(graph: KnowledgeGraph, triple: int) -> str:
    head, relation, tail = graph.triple(triple)
    return f"{graph.label(head)} {graph.relation_label(relation)} {graph.label(tail)}"


def _ranked(evidence: Evidence) -> list[int]:
    """Triples of the subgraph, the best first."""
    order = np.argsort(-evidence.subgraph.weights, kind="stable")
    ranked: list[int] = evidence.subgraph.triples[order].tolist()
    return ranked


def _settings(walk: Walk, hop: int) -> RetrievalSettings:
    nothing = SourceWeights(bm25=0, dense=0, graph=0)
    return RetrievalSettings(walk=walk, nodes=64, hops=hop, weights=nothing)


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
