"""Search by meaning: the passages whose vectors have the largest inner product with the query's, by FAISS.

The vectors are one memory-mapped array. Few are searched exactly, in place; many by a graph (HNSW, over numbers of two
bytes: half the memory to read), very many by clusters and codes (IVF-PQ), see `choose`. What is found is scored again
here from the vectors themselves, row by row, so that a query gets the same scores alone and in a batch, and codes never
decide an order.

Sources: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW graphs", 2018; Jégou,
Douze and Schmid, "Product quantization for nearest neighbor search", 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.errors import MismatchError
from ragmtl.retrieval.files.arrays import AGAIN, load_arrays, load_json, save_arrays, save_json
from ragmtl.retrieval.passages.fuse import Crowd
from ragmtl.retrieval.passages.lexical import NOTHING
from ragmtl.retrieval.passages.ranking import in_order

Kind = Literal["flat", "hnsw", "ivf-pq"]
FLAT_MOST, HNSW_MOST = 50_000, 1_000_000
"""Up to so many vectors are searched exactly, and up to so many by a graph."""

_SPARE, _CROWD = 8, 512
_LINKS, _BUILT, _SEARCHED = 32, 80, 128
_CELLS, _PER_CELL, _VISITED, _CODE, _AGAIN = 4, 39, 16, 8, 4

Found = tuple[Int64[np.ndarray, " _"], Float32[np.ndarray, " _"]]
"""Passages and their scores."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How vectors are searched, and why.

    Attributes:
        kind: "flat" (exact), "hnsw" or "ivf-pq".
        reason: One readable sentence.
    """

    kind: Kind
    reason: str

    def stated(self) -> dict[str, str]:
        """As it is written into files."""
        return {"kind": self.kind, "reason": self.reason}


def choose(count: int, kind: Kind | None = None) -> Choice:
    """The way to search so many vectors, or the one that is asked for.

    >>> choose(1000).kind, choose(10**5).kind, choose(10**7).kind
    ('flat', 'hnsw', 'ivf-pq')
    """
    if kind is not None:
        return Choice(kind, f"{count:,} vectors; asked for")
    if count <= FLAT_MOST:
        return Choice("flat", f"{count:,} vectors, at most {FLAT_MOST:,}: searched exactly, nothing to build")
    if count <= HNSW_MOST:
        return Choice("hnsw", f"{count:,} vectors, more than {FLAT_MOST:,}: a graph, a few hundred are looked at")
    return Choice("ivf-pq", f"{count:,} vectors, more than {HNSW_MOST:,}: clusters and codes, which stay small")


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """An index of vectors.

    Attributes:
        vectors: One per passage, of length 1.
        choice: How they are searched.
        shortcut: The FAISS index of another kind than "flat".
    """

    vectors: Float32[np.ndarray, "passage dim"]
    choice: Choice = Choice("flat", "searched exactly")
    shortcut: Any = None

    @classmethod
    def build(cls, vectors: Float32[np.ndarray, "passage dim"], kind: Kind | None = None) -> Dense:
        """Index vectors, in the way that fits their number where none is asked for."""
        given, choice = np.ascontiguousarray(vectors, np.float32), choose(len(vectors), kind)
        return cls(given, choice, _shortcut(given, choice.kind))

    def search(
        self, vector: Float32[np.ndarray, " dim"], k: int, *, without: Int64[np.ndarray, " excluded"] = NOTHING
    ) -> Found:
        """The best passages and their cosines, best first; ties go to the lower place.

        Args:
            vector: Of the query; zeros find nothing.
            k: The largest number of passages.
            without: Passages that must not be found.
        """
        return self.search_many(vector[None], k, [without])[0]

    def search_many(
        self, vectors: Float32[np.ndarray, "query dim"], k: int, without: list[Int64[np.ndarray, " _"]]
    ) -> list[Found]:
        """`search` for many queries at once, each with passages of its own that must not be found."""
        queries = np.ascontiguousarray(vectors, np.float32)
        sizes = np.array([_looked_at(k, len(excluded), len(self.vectors)) for excluded in without], np.int64)
        found: list[Found] = [(NOTHING, np.zeros(0, np.float32))] * len(queries)
        for most in np.unique(sizes).tolist():
            rows = np.flatnonzero(sizes == most)
            for row, candidates in zip(rows.tolist(), self._nearest(queries[rows], most), strict=True):
                found[row] = self._best(queries[row], candidates, without[row], k)
        return found

    def crowd(self, vector: Float32[np.ndarray, " dim"]) -> Crowd:
        """What the cosines of all passages with a query are like, told from some hundreds of them.

        Passages stand in the order of a hash, so the first ones are as good as drawn at random.
        """
        return Crowd.of(self.vectors[:_CROWD] @ vector)

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, {"vectors": self.vectors})
        save_json(directory / "choice.json", self.choice.stated())
        if self.shortcut is not None:
            import faiss

            faiss.write_index(self.shortcut, str(directory / "shortcut.faiss"))

    @classmethod
    def load(cls, directory: Path) -> Dense:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: The directory holds something else, or not all of it.
        """
        vectors = load_arrays(directory, ["vectors"])["vectors"]
        if vectors.ndim != 2 or vectors.dtype != np.float32:
            raise MismatchError(f"expected vectors in {directory}, found {vectors.dtype}{vectors.shape}; {AGAIN}")
        stated = load_json(directory / "choice.json")
        if stated.get("kind") not in get_args(Kind):
            raise MismatchError(f"expected a kind of search in {directory}, found {stated.get('kind')!r}; {AGAIN}")
        choice = Choice(stated["kind"], str(stated.get("reason", "")))
        return cls(vectors, choice, None if choice.kind == "flat" else _opened(directory, vectors))

    def _nearest(self, queries: Float32[np.ndarray, "query dim"], most: int) -> Int64[np.ndarray, "query candidates"]:
        """The candidates of each query; -1 where there are fewer."""
        import faiss

        found: Int64[np.ndarray, "query candidates"]
        if self.choice.kind == "flat":
            _, found = faiss.knn(queries, self.vectors, most, metric=faiss.METRIC_INNER_PRODUCT)
            return found
        limits: Any
        if self.choice.kind == "hnsw":
            limits = faiss.SearchParametersHNSW(efSearch=max(_SEARCHED, most))  # type: ignore[attr-defined]
            wanted = most
        else:
            visited = max(_VISITED, int(self.shortcut.nlist) // 16)
            limits = faiss.SearchParametersIVF(nprobe=visited)  # type: ignore[call-arg]
            wanted = min(len(self.vectors), _AGAIN * most)
        _, found = self.shortcut.search(queries, wanted, params=limits)
        return found

    def _best(
        self,
        query: Float32[np.ndarray, " dim"],
        found: Int64[np.ndarray, " candidates"],
        without: Int64[np.ndarray, " excluded"],
        k: int,
    ) -> Found:
        if not query.any():
            return NOTHING, np.zeros(0, np.float32)
        passages = found[(found >= 0) & ~np.isin(found, without)]
        scores = (self.vectors[passages] * query).sum(axis=1)
        order = in_order(passages, scores)[:k]
        return passages[order], scores[order]


def _looked_at(k: int, excluded: int, count: int) -> int:
    """How many candidates are looked at for one query, whatever others are asked with it; few different numbers."""
    return min(count, k + max(_SPARE, 1 << excluded.bit_length()))


def _shortcut(vectors: Float32[np.ndarray, "passage dim"], kind: Kind) -> Any:  # noqa: ANN401 - FAISS has no types
    """The FAISS index of a kind; None for "flat"."""
    import faiss

    count, dim = vectors.shape
    if kind == "flat":
        return None
    if kind == "hnsw":
        halves = faiss.ScalarQuantizer.QT_fp16
        graph = faiss.IndexHNSWSQ(dim, halves, _LINKS, faiss.METRIC_INNER_PRODUCT)  # type: ignore[arg-type]
        graph.hnsw.efConstruction = _BUILT
        graph.train(vectors)
        graph.add(vectors)
        return graph
    cells = max(1, min(int(_CELLS * count**0.5), count // _PER_CELL))
    pieces = next(pieces for pieces in (dim // 8, dim // 4, dim // 2, dim, 1) if pieces and dim % pieces == 0)
    codes = faiss.IndexIVFPQ(faiss.IndexFlatIP(dim), dim, cells, pieces, _code_bits(count), faiss.METRIC_INNER_PRODUCT)
    codes.train(vectors)
    codes.add(vectors)
    return codes


def _code_bits(count: int) -> int:
    """As many as there are vectors to learn 2ⁿ centres from, at most 8."""
    return int(np.clip(np.log2(max(count, 2) / _PER_CELL), 1, _CODE))


def _opened(directory: Path, vectors: Float32[np.ndarray, "passage dim"]) -> Any:  # noqa: ANN401 - FAISS has no types
    import faiss

    path = directory / "shortcut.faiss"
    try:
        shortcut = faiss.read_index(str(path))
    except RuntimeError as error:
        raise MismatchError(f"expected an index of FAISS in {path}, found none that is whole; {AGAIN}") from error
    if (shortcut.ntotal, shortcut.d) != vectors.shape:
        raise MismatchError(
            f"expected {len(vectors)} vectors of {vectors.shape[1]} in {path}, found {shortcut.ntotal} of "
            f"{shortcut.d}; {AGAIN}"
        )
    return shortcut
