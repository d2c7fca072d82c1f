"""Whether the films of ml-100k are linked to their own entities: `python -m benchmarks.recommendation.links`.

Who saw a film saw its sequel more often than any other film. So pairs of films that the graph calls sequels must be
more alike in the log (cosine of co-occurrence) than the same pairs with the films dealt to entities at random.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from benchmarks.recommendation.ml100k import read_given, read_graph
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.tasks.recommendation.interactions import Interactions

SHRINKAGE, DEALS = 2.0, 1000
KINDS = ("sequel", "prequel")


def main() -> None:
    """Say how alike sequels are, and how alike they would be by chance."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommendation.links", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    folder = parser.parse_args().data / "ml-100k"
    log = read_given(folder)
    pairs, likeness = sequels(read_graph(folder), log), alike(log)
    dealt = by_chance(likeness, pairs, DEALS)
    found = likeness[pairs[:, 0], pairs[:, 1]].mean()
    print(f"{len(pairs)} pairs of sequels: {found:.4f}; by chance {dealt.mean():.4f}, spread {dealt.std():.4f}")


def alike(log: Interactions) -> Float32[np.ndarray, "item item"]:
    """Cosine of co-occurrence in train, shrunk."""
    matrix = log.train.toarray()
    norms = 1 / np.sqrt(matrix.sum(axis=0) + SHRINKAGE)
    return np.asarray((matrix.T @ matrix) * norms[:, None] * norms, np.float32)


def sequels(graph: KnowledgeGraph, log: Interactions) -> Int64[np.ndarray, "pair 2"]:
    """Pairs of items of which the graph says that one follows the other."""
    items = {node: at for at, iri in enumerate(log.items) if (node := graph.nodes.find(iri)) is not None}
    wanted = [code for code, iri in enumerate(graph.relations) if any(kind in iri for kind in KINDS)]
    rows = np.flatnonzero(np.isin(graph.relation_ids, wanted))
    ends = zip(graph.heads[rows].tolist(), graph.tails[rows].tolist(), strict=True)
    pairs = {
        (min(pair), max(pair))
        for head, tail in ends
        if head in items and tail in items and head != tail
        for pair in [(items[head], items[tail])]
    }
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def by_chance(
    likeness: Float32[np.ndarray, "item item"], pairs: Int64[np.ndarray, "pair 2"], deals: int, seed: int = 0
) -> Float32[np.ndarray, " deal"]:
    """How alike the pairs are on average where films are dealt to entities at random, so many times."""
    generator = np.random.default_rng(seed)
    dealt = [generator.permutation(len(likeness))[pairs] for _ in range(deals)]
    return np.array([likeness[one[:, 0], one[:, 1]].mean() for one in dealt], np.float32)


if __name__ == "__main__":
    main()
