"""All figures at one size: building, memory, latency, throughput, and the same written with well-known libraries."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.result import Place, Row, plain_row
from benchmarks.speed.generate import World, generate, graph_of
from benchmarks.speed.rows import MEDIAN, PEER
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

QUERIES, NAIVE_QUERIES, RESAMPLES = 400, 5, 2000
ARMS = {"bm25 + graph": 0.0, "bm25 + dense + graph": 0.5}
"""Weight of the search by vectors."""


class Given:
    """An encoder that costs nothing: random vectors, the same for the same text."""

    name, dim, fingerprint = "given", 256, "given-256"

    def __init__(self) -> None:
        self._table = np.random.default_rng(0).standard_normal((4096, self.dim)).astype(np.float32)

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        """Vectors of length 1."""
        import zlib

        starts = np.array([zlib.crc32(text.encode()) for text in texts])
        table = self._table
        vectors = table[starts % 4096] + table[(starts // 4096) % 4096]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Clock:
    """Seconds since it was made, by the wall and of this process."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Both, by how their metrics begin."""
        return {"": time.perf_counter() - self._wall, "cpu ": time.process_time() - self._cpu}


def measure(part: str, triples: int, work: Path) -> list[Row]:
    """The rows of one part of one size.

    Args:
        part: "build", "queries" or "peer".
        triples: The size.
        work: Where the index is kept for the queries.
    """
    world = generate(triples, triples // 10, QUERIES)
    place: Place = ("made up", "speed", f"{triples:,} triples, {triples // 10:,} passages", "all")
    folder = work / f"{triples}-triples"
    match part:
        case "build":
            return [plain_row(place, "ragmtl", metric, value) for metric, value in _built(world, folder).items()]
        case "queries":
            if not (folder / "manifest.json").is_file():
                _built(world, folder)
            return _queries(place, Index.load(folder, encoder=Given()), world)
        case _:
            return _peer(place, world)


def _queries(place: Place, index: Index, world: World) -> list[Row]:
    rows: list[Row] = []
    for arm, weight in ARMS.items():
        settings = RetrievalSettings(passages=5, nodes=64, weights=SourceWeights(dense=weight))
        retriever = Retriever(index, settings)
        found = retriever.many(world.queries)
        rows.append(plain_row(place, arm, "passages found", float(np.mean([len(one.passages) for one in found]))))
        rows.append(plain_row(place, arm, "nodes found", float(np.mean([len(one.subgraph.nodes) for one in found]))))
        rows += [plain_row(place, arm, metric, at) for metric, at in _latency(retriever, world.queries).items()]
        rows += [plain_row(place, arm, metric, rate) for metric, rate in _rates(retriever, world.queries).items()]
    return rows


def _built(world: World, folder: Path) -> dict[str, float]:
    """What it takes to build the index."""
    clock = Clock()
    graph = graph_of(world)
    figures = {f"{name}seconds to read triples": value for name, value in clock.read().items()}
    before, clock = _megabytes(), Clock()
    index = Index.build(graph, Corpus.of(world.passages, graph), Given(), folder)
    whole, clock = clock.read(), Clock()
    Dense.build(index.dense.vectors)
    vectors = clock.read()
    figures |= {f"{name}seconds to index": whole[name] - vectors[name] for name in whole}
    figures |= {f"{name}seconds to index vectors": value for name, value in vectors.items()}
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return figures | {"mb on disk": size, "mb more at the peak of indexing": _megabytes() - before}


def _latency(retriever: Callable[[Query], object], queries: Sequence[Query]) -> dict[str, tuple[float, float, float]]:
    """Quantiles of the milliseconds of queries one by one, with intervals."""
    times: dict[str, list[float]] = {"": [], "cpu ": []}
    for query in queries:
        clock = Clock()
        retriever(query)
        for name, seconds in clock.read().items():
            times[name].append(1000 * seconds)
    return {
        f"{quantile} {name}ms": _quantile(np.array(found), share)
        for name, found in times.items()
        for quantile, share in (("p50", 0.5), ("p95", 0.95))
    }


def _quantile(times: np.ndarray, share: float) -> tuple[float, float, float]:
    """A quantile with its interval over queries drawn anew."""
    drawn = np.random.default_rng(0).choice(times, (RESAMPLES, len(times)))
    low, high = np.percentile(np.quantile(drawn, share, axis=1), [2.5, 97.5])
    return float(np.quantile(times, share)), float(low), float(high)


def _rates(retriever: Retriever, queries: Sequence[Query]) -> dict[str, float]:
    """Queries per second, asked as a batch: of two processes that share the index, and of one second of a core."""
    clock = Clock()
    children = [_in_a_child(lambda half=half: retriever.many(half)) for half in (queries[::2], queries[1::2])]
    for child in children:
        os.waitpid(child, 0)
    both, clock = clock.read()[""], Clock()
    retriever.many(queries)
    alone = clock.read()["cpu "]
    return {
        "queries per second, 2 processes": len(queries) / both,
        "queries per cpu second": len(queries) / alone,
    }


def _in_a_child(work: Callable[[], list[Evidence]]) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def _peer(place: Place, world: World) -> list[Row]:
    from benchmarks.speed.naive import Naive

    slow = _latency(Naive(world), world.queries[:NAIVE_QUERIES])
    return [plain_row(place, PEER, metric, slow[metric]) for metric in ("p50 ms", MEDIAN)]


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
