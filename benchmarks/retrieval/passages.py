"""Passages for questions: 2wiki (two sizes, beside the published answers of four systems) and scifact.

Defaults first; then one row for each choice that differs. 2wiki has no training questions: nothing is chosen by its
gold. The fusion of scifact is learned from its training claims. Corpora have no RDF: their titles are the graph.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import titles_graph
from ragmtl.retrieval.passages.learned_fusion import learn_fusion
from ragmtl.retrieval.quality.questions import read_questions
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

SIZES = (780, 6119)
RESAMPLES = 10_000
WAYS: dict[str, dict[str, Any]] = {
    "default": {},
    "without graph": {"weights": SourceWeights(graph=0.0)},
    "bm25 alone": {"weights": SourceWeights(graph=0.0, dense=0.0)},
    "dense alone": {"weights": SourceWeights(graph=0.0, bm25=0.0)},
    "fusion by rank": {"fusion": "reciprocal"},
    "fusion by weights": {"fusion": "weighted"},
    "graph by mentions": {"graph_passages": "mentions"},
}


def rows(data: Path, work: Path) -> list[dict[str, Any]]:
    """All rows.

    Args:
        data: The folder of the collections.
        work: Where indexes and vectors are kept.
    """
    encoder = CachedEncoder(load_encoder("minilm"), work / "vectors")
    return [*two_wiki(data / "2wiki", work, encoder), *scifact(data / "scifact", work, encoder)]


def two_wiki(data: Path, work: Path, encoder: Encoder) -> list[dict[str, Any]]:
    """Share of questions with all gold titles in the first eight, and recall at 2 and 5."""
    passages = _passages(data / "corpus.jsonl.gz")
    questions = [json.loads(line) for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    found: list[dict[str, Any]] = []
    for size in SIZES:
        index = _index(passages[:size], encoder, work / f"2wiki-{size}")
        figures: dict[str, dict[str, np.ndarray]] = {}
        for way, chosen in WAYS.items():
            retriever = Retriever(index, RetrievalSettings(passages=8, **chosen))
            evidence = retriever.many([Query(question["question"]) for question in questions])
            titles = [[index.corpus.titles[p.passage] for p in one.passages] for one in evidence]
            figures[way] = _two_wiki_figures(titles, questions)
        if size == SIZES[0]:
            for peer in questions[0]["peers"]:
                figures[f"peer: {peer}"] = _two_wiki_figures([q["peers"].get(peer, []) for q in questions], questions)
        for way, values in figures.items():
            for metric, scores in values.items():
                against = figures["default"][metric] if way.startswith("peer") else None
                found.append(_row(f"2wiki-{size}", "all", way, metric, scores, against))
    return found


def scifact(data: Path, work: Path, encoder: Encoder) -> list[dict[str, Any]]:
    """NDCG@10 against the cited documents."""
    index = _index(_passages(data / "corpus.jsonl.gz"), encoder, work / "scifact")
    claims = {split: read_questions(data / "claims.jsonl", index, split=split) for split in ("train", "valid", "test")}
    proposed = Retriever(index).candidates([claim.query for claim in claims["train"]])
    learned = learn_fusion(zip(proposed, [claim.passages for claim in claims["train"]], strict=True))
    learned.save(index.directory)
    found = []
    for way, chosen in (WAYS | {"learned fusion": {"fusion": "learned"}}).items():
        retriever = Retriever(index, RetrievalSettings(passages=10, **chosen))
        for split in ("valid", "test"):
            evidence = retriever.many([claim.query for claim in claims[split]])
            scores = np.array(
                [
                    _ndcg([passage.passage for passage in one.passages], claim.passages)
                    for one, claim in zip(evidence, claims[split], strict=True)
                ]
            )
            found.append(_row("scifact", split, way, "ndcg@10", scores, None))
    return found


def _passages(path: Path) -> list[Passage]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [Passage(row["id"], row["text"], row["title"]) for row in map(json.loads, file)]


def _index(passages: Sequence[Passage], encoder: Encoder, folder: Path) -> Index:
    graph, linked = titles_graph(passages)
    return Index.build(graph, Corpus.of(linked, graph, link=False), encoder, folder)


def _two_wiki_figures(titles: Sequence[Sequence[str]], questions: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
    gold = [set(question["gold"]) for question in questions]
    cut = {k: [len(g & set(t[:k])) / len(g) for t, g in zip(titles, gold, strict=True)] for k in (2, 5, 8)}
    return {
        "perfect@8": (np.array(cut[8]) == 1.0).astype(float),
        "recall@2": np.array(cut[2]),
        "recall@5": np.array(cut[5]),
    }


def _ndcg(found: Sequence[int], right: frozenset[int]) -> float:
    gain = sum(1 / np.log2(place + 2) for place, passage in enumerate(found[:10]) if passage in right)
    return float(gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(right)))))


def _row(
    data: str, split: str, way: str, metric: str, scores: np.ndarray, against: np.ndarray | None
) -> dict[str, Any]:
    """One row with its interval (bootstrap over questions); for peers also that of the default minus the peer."""
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(scores), size=(RESAMPLES, len(scores)))
    low, high = np.percentile(scores[drawn].mean(axis=1), [2.5, 97.5])
    row = {"data": data, "split": split, "arm": way, "metric": metric, "value": float(scores.mean())}
    row |= {"low": float(low), "high": float(high), "questions": len(scores)}
    if against is not None:
        gain = against - scores
        low, high = np.percentile(gain[drawn].mean(axis=1), [2.5, 97.5])
        row |= {"default_minus_this": float(gain.mean()), "gain_low": float(low), "gain_high": float(high)}
    return row
