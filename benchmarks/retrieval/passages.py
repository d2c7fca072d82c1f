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

from benchmarks.result import Row, mean_row
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import titles_graph
from ragmtl.retrieval.passages.learned_fusion import learn_fusion
from ragmtl.retrieval.quality.questions import read_questions
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

TASK = "passages"
SIZES = (780, 6119)
WAYS: dict[str, dict[str, Any]] = {
    "default": {},
    "without graph": {"weights": SourceWeights(graph=0.0)},
    "bm25 alone": {"weights": SourceWeights(graph=0.0, dense=0.0)},
    "dense alone": {"weights": SourceWeights(graph=0.0, bm25=0.0)},
    "fusion by rank": {"fusion": "reciprocal"},
    "fusion by weights": {"fusion": "weighted"},
    "graph by mentions": {"graph_passages": "mentions"},
}


def rows(data: Path, work: Path) -> list[Row]:
    """All rows.

    Args:
        data: The folder of the collections.
        work: Where indexes and vectors are kept.
    """
    encoder = CachedEncoder(load_encoder("minilm"), work / "vectors")
    return [*two_wiki(data / "2wiki", work, encoder), *scifact(data / "scifact", work, encoder)]


def two_wiki(data: Path, work: Path, encoder: Encoder) -> list[Row]:
    """Share of questions with all gold titles in the first eight, and recall at 2 and 5; then how far peers are off."""
    passages = read_passages(data / "corpus.jsonl.gz")
    questions = [json.loads(line) for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = [question["question"] for question in questions]
    found: list[Row] = []
    for size in SIZES:
        index = index_of(passages[:size], encoder, work / f"2wiki-{size}")
        titles = {way: _titles(index, asked, chosen) for way, chosen in WAYS.items()}
        titles["peer: bm25s"] = [[index.corpus.titles[place] for place in row] for row in plain_bm25(index, asked, 8)]
        if size == SIZES[0]:
            for peer in questions[0]["peers"]:
                titles[f"peer: {peer}"] = [question["peers"].get(peer, []) for question in questions]
        figures = {way: _two_wiki_figures(found_by, questions) for way, found_by in titles.items()}
        place = (f"2wiki-{size}", TASK, "all", "all")
        for way, values in figures.items():
            found += [mean_row(place, way, metric, scores, ()) for metric, scores in values.items()]
            if way.startswith("peer"):
                gains = {metric: figures["default"][metric] - scores for metric, scores in values.items()}
                found += [mean_row(place, f"default - {way}", metric, gain, ()) for metric, gain in gains.items()]
    return found


def scifact(data: Path, work: Path, encoder: Encoder) -> list[Row]:
    """NDCG@10 against the cited documents."""
    index = index_of(read_passages(data / "corpus.jsonl.gz"), encoder, work / "scifact")
    claims = {split: read_questions(data / "claims.jsonl", index, split=split) for split in ("train", "valid", "test")}
    proposed = Retriever(index).candidates([claim.query for claim in claims["train"]])
    learned = learn_fusion(zip(proposed, [claim.passages for claim in claims["train"]], strict=True))
    learned.save(index.directory)
    found = []
    for split in ("valid", "test"):
        place, right = ("scifact", TASK, "all", split), [claim.passages for claim in claims[split]]
        for way, chosen in (WAYS | {"learned fusion": {"fusion": "learned"}}).items():
            evidence = Retriever(index, RetrievalSettings(passages=10, **chosen)).many([c.query for c in claims[split]])
            ranked = [[passage.passage for passage in one.passages] for one in evidence]
            found.append(mean_row(place, way, "ndcg@10", ndcg(ranked, right), ()))
        ranked = plain_bm25(index, [claim.query.text for claim in claims[split]], 10)
        found.append(mean_row(place, "peer: bm25s", "ndcg@10", ndcg(ranked, right), ()))
    return found


def plain_bm25(index: Index, texts: Sequence[str], most: int) -> list[list[int]]:
    """The places of the best passages by BM25 as `bm25s` has it by itself, with its English stop words and stemming."""
    import bm25s
    import Stemmer

    cut = {"stopwords": "en", "stemmer": Stemmer.Stemmer("english"), "show_progress": False}
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(index.corpus.readings(), **cut), show_progress=False)
    found, _ = retriever.retrieve(bm25s.tokenize(list(texts), **cut), k=most, show_progress=False)
    ranked: list[list[int]] = found.tolist()
    return ranked


def _titles(index: Index, asked: Sequence[str], chosen: dict[str, Any]) -> list[list[str]]:
    evidence = Retriever(index, RetrievalSettings(passages=8, **chosen)).many([Query(text) for text in asked])
    return [[index.corpus.titles[passage.passage] for passage in one.passages] for one in evidence]


def read_passages(path: Path) -> list[Passage]:
    """Passages as the file gives them, without entities."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [Passage(row["id"], row["text"], row["title"]) for row in map(json.loads, file)]


def index_of(passages: Sequence[Passage], encoder: Encoder, folder: Path) -> Index:
    """An index of passages whose titles are the graph."""
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


def ndcg(ranked: Sequence[Sequence[int]], right: Sequence[frozenset[int]]) -> np.ndarray:
    """NDCG@10 of each question, with equal gains."""
    return np.array([_ndcg(*pair) for pair in zip(ranked, right, strict=True)])


def _ndcg(found: Sequence[int], right: frozenset[int]) -> float:
    gain = sum(1 / np.log2(place + 2) for place, passage in enumerate(found[:10]) if passage in right)
    return float(gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(right)))))
