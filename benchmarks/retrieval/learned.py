"""What is learned from the training claims of scifact: fusion, a fine-tuned encoder (full, LoRA), a reranker.

    python -m benchmarks.retrieval.learned --data ../shared/data --work /tmp/learned

The default's figure comes first. Weights are learned from training claims, and stopped by validation claims; the test
claims are read once for each arm. On one core, fine-tuning takes about ten minutes, and the vectors of all abstracts
about as long; what was interrupted goes on. Models that lie in the folder `work` are not learned again.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.cross_encoder import load_cross_encoder
from ragmtl.retrieval.encoders.cross_training import CrossTuning, choices_of, train_cross_encoder
from ragmtl.retrieval.encoders.encoder import CachedEncoder, load_encoder
from ragmtl.retrieval.encoders.fine_tuning import Tuning, fine_tune
from ragmtl.retrieval.encoders.pairs import pairs_of
from ragmtl.retrieval.files.tables import read_rows
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import titles_graph
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.learned_fusion import LearnedFusion, learn_fusion
from ragmtl.retrieval.quality.measures import ndcg
from ragmtl.retrieval.quality.questions import Question, read_questions
from ragmtl.retrieval.settings import RetrievalSettings

AT, RESAMPLES = 10, 10_000
DEFAULT = RetrievalSettings(passages=AT)
TUNINGS = {"full": Tuning(epochs=2, longest=64), "lora": Tuning(epochs=2, longest=64, lora=True)}
RERANKER = CrossTuning(epochs=1, longest=96)
Claims = dict[str, list[Question]]


def rows(data: Path, work: Path) -> list[dict[str, Any]]:
    """All rows.

    Args:
        data: The folder of the collections.
        work: Where indexes, vectors and learned models are kept.
    """
    index = _index(data / "scifact", work)
    table = data / "scifact" / "claims.jsonl"
    claims = {split: read_questions(table, index, split=split) for split in ("train", "valid", "test")}
    arms = {"default": Retriever(index, DEFAULT), "learned fusion": _fused(index, claims)}
    for name, tuning in TUNINGS.items():
        tuned = _tuned(index, claims, work, name, tuning)
        arms[f"encoder tuned, {name}"] = Retriever(tuned, DEFAULT)
        arms[f"encoder tuned, {name}; learned fusion"] = _fused(tuned, claims)
    arms["reranker of ten"] = _reranking(index, claims, work)
    return [row for split in ("valid", "test") for row in _measured(arms, claims[split], split)]


def _index(data: Path, work: Path) -> Index:
    encoder = CachedEncoder(load_encoder("minilm"), work / "scifact-vectors")
    if (work / "scifact" / "manifest.json").is_file():
        return Index.load(work / "scifact", encoder=encoder)
    found = read_rows(data / "corpus.jsonl.gz")
    graph, linked = titles_graph([Passage(row.text("id"), row.text("text"), row.text("title")) for row in found])
    return Index.build(graph, Corpus.of(linked, graph, link=False), encoder, work / "scifact")


def _fused(index: Index, claims: Claims) -> Retriever:
    proposed = Retriever(index, DEFAULT).candidates([claim.query for claim in claims["train"]])
    learned: LearnedFusion = learn_fusion(zip(proposed, [claim.passages for claim in claims["train"]], strict=True))
    return Retriever(index, replace(DEFAULT, fusion="learned"), fusion=learned)


def _tuned(index: Index, claims: Claims, work: Path, name: str, tuning: Tuning) -> Index:
    """The index with the vectors of a fine-tuned encoder."""
    if not (work / name / "ragmtl.json").is_file():
        fine_tune(pairs_of(claims["train"], index), work / name, tuning, valid=pairs_of(claims["valid"], index))
    encoder = CachedEncoder(load_encoder(str(work / name)), work / "scifact-vectors")
    return replace(index, dense=Dense.build(encoder.encode(index.corpus.readings())), encoder=encoder)


def _reranking(index: Index, claims: Claims, work: Path) -> Retriever:
    plain = Retriever(index, DEFAULT)
    if not (work / "ce" / "ragmtl.json").is_file():
        parts = [choices_of(claims[split], plain, index.corpus.reading, wrongs=3) for split in ("train", "valid")]
        train_cross_encoder(parts[0], work / "ce", RERANKER, valid=parts[1])
    return Retriever(index, replace(DEFAULT, reranked=AT), reranker=load_cross_encoder(str(work / "ce")))


def _measured(arms: dict[str, Retriever], claims: Sequence[Question], split: str) -> list[dict[str, Any]]:
    """NDCG@10 of each arm, and by how much it is above the default (paired bootstrap over claims)."""
    drawn = np.random.default_rng(0).integers(len(claims), size=(RESAMPLES, len(claims)))
    found: dict[str, np.ndarray] = {}
    for arm, retriever in arms.items():
        evidence = retriever.many([claim.query for claim in claims])
        found[arm] = np.array(
            [
                ndcg([passage.passage for passage in one.passages], claim.passages, AT)
                for one, claim in zip(evidence, claims, strict=True)
            ]
        )
    return [_row(split, arm, scores, scores - found["default"], drawn) for arm, scores in found.items()]


def _row(split: str, arm: str, scores: np.ndarray, gain: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
    low, high = np.percentile(scores[drawn].mean(axis=1), [2.5, 97.5])
    row = {"data": "scifact", "task": "retrieval", "slice": "all", "split": split, "arm": arm, "metric": f"ndcg@{AT}"}
    row |= {"value": float(scores.mean()), "low": float(low), "high": float(high), "seeds": [0]}
    if arm != "default":
        low, high = np.percentile(gain[drawn].mean(axis=1), [2.5, 97.5])
        row |= {"above_default": float(gain.mean()), "gain_low": float(low), "gain_high": float(high)}
    return row


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, required=True, help="where indexes, vectors and models are kept")
    given = parser.parse_args()
    for row in rows(given.data, given.work):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
