"""`python -m benchmarks.speed`: time of queries and of building, growth, and the same with networkx and rank_bm25.

Every figure is measured on one core but "queries per second, 2 processes". "Without the text encoder": queries bring
their vectors (made up, of 256 numbers) where the search by vectors is on.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
TRIPLES = (10_000, 100_000, 1_000_000)
QUERIES, NAIVE_QUERIES, SETTINGS = 400, 5, ("bm25 + graph", "bm25 + dense + graph")
TARGETS = {
    "p50": "at most 10 ms",
    "p95": "at most 30 ms",
    "queries per second": "at least 200 on 2 cores",
    "times as fast as networkx + rank_bm25": "at least 20",
    "seconds to index": "below 60 for 100,000 passages, without vectors",
}


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


def main() -> None:
    """Run all sizes, each in a process of its own, and write `result.json`."""
    options = read_options()
    if options.only is not None:
        print(json.dumps(measure(options.only, naive=options.naive, work=options.work)))
        return
    rows: list[dict[str, object]] = []
    for triples in options.triples:
        words = [sys.executable, "-m", "benchmarks.speed", "--only", str(triples)]
        words += ["--naive"] if options.naive and triples == max(options.triples) else []
        words += ["--work", str(options.work)] if options.work else []
        done = subprocess.run(words, check=True, capture_output=True, text=True, env=os.environ | ONE_CORE)
        rows += json.loads(done.stdout.splitlines()[-1])
        for row in rows[-12:]:
            print(row)
    result = {
        "name": "speed",
        "command": "python -m benchmarks.speed",
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "targets": TARGETS,
        "rows": rows,
    }
    (options.out / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}


def measure(triples: int, *, naive: bool, work: Path | None = None) -> list[dict[str, object]]:
    """All figures at one size."""
    from benchmarks.speed.generate import generate, graph_of
    from ragmtl.retrieval.corpus import Corpus
    from ragmtl.retrieval.hybrid import Retriever
    from ragmtl.retrieval.index import Index
    from ragmtl.retrieval.passages.dense import Dense
    from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

    passages = triples // 10
    world = generate(triples, passages, QUERIES)
    begun = time.perf_counter()
    graph = graph_of(world)
    read = time.perf_counter() - begun
    before = _megabytes()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=work) as folder:
        corpus = Corpus.of(world.passages, graph)
        index = Index.build(graph, corpus, Given(), Path(folder) / "index")
        built = time.perf_counter() - begun
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6

        def row(figure: str, value: float, setting: str = "") -> dict[str, object]:
            return {
                "triples": triples, "passages": passages, "setting": setting, "figure": figure, "value": round(value, 3)
            }  # fmt: skip

        begun = time.perf_counter()
        Dense.build(index.dense.vectors)
        vectors = time.perf_counter() - begun
        rows = [row("seconds to read triples", read), row("seconds to index", built - vectors)]
        rows += [row("seconds to index vectors", vectors)]
        rows += [row("MB on disk", size), row("MB more at the peak of indexing", _megabytes() - before)]
        for setting in SETTINGS:
            weights = SourceWeights(dense=0.5 if "dense" in setting else 0.0)
            retriever = Retriever(index, RetrievalSettings(passages=5, nodes=64, weights=weights))
            retriever.many(world.queries[:20])
            times = [_milliseconds(retriever, query) for query in world.queries]
            p50, p95 = np.quantile(times, [0.5, 0.95]).tolist()
            rate = _rate(retriever, world.queries)
            rows += [row("p50", p50, setting), row("p95", p95, setting)]
            rows += [row("queries per second, 2 processes", rate, setting)]
            if naive and setting == SETTINGS[0]:
                slow = _naive(world)
                rows += [row("p50 of networkx + rank_bm25", slow), row("times as fast", slow / p50, setting)]
    return rows


def _rate(retriever, queries) -> float:  # noqa: ANN001
    """Queries per second of two processes that share the index, each with half of the queries, asked as a batch."""
    halves = queries[::2], queries[1::2]
    begun = time.perf_counter()
    children = []
    for half in halves:
        child = os.fork()
        if child == 0:
            retriever.many(half)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return len(queries) / (time.perf_counter() - begun)


def _naive(world) -> float:  # noqa: ANN001
    from benchmarks.speed.naive import Naive

    naive = Naive(world)
    return float(np.median([_milliseconds(naive, query) for query in world.queries[:NAIVE_QUERIES]]))


def _milliseconds(retriever, query) -> float:  # noqa: ANN001
    begun = time.perf_counter()
    retriever(query)
    return 1000 * (time.perf_counter() - begun)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_options() -> argparse.Namespace:
    """Sizes, and where to write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--triples", type=int, nargs="+", default=list(TRIPLES))
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--naive", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--work", type=Path, default=None, help="where indexes are built for the while")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    options = parser.parse_args()
    options.naive = options.only is None if options.naive is None else options.naive
    return options


if __name__ == "__main__":
    main()
