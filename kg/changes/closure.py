"""Transitive closure and composition of relations, as products of sparse matrices.

A := A + A²  until nothing is added: a chain of 2^d links takes d steps, and cycles end by themselves.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64
from scipy.sparse import csr_array

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import compress, gather

Nodes = Int64[np.ndarray, " edges"]
Following = Int64[np.ndarray, " following"]
Reached = Int64[np.ndarray, " reached"]
_WORK = 20
"""How many paths may be looked at for each pair that may be found."""


def closure(heads: Nodes, tails: Nodes, most: int) -> tuple[Reached, Reached]:
    """All pairs of nodes such that a path of one edge or more leads from the first to the second.

    Args:
        heads: Where each edge begins.
        tails: Where it ends.
        most: How many pairs there may be.

    Raises:
        DataError: There are more.
    """
    if not len(heads):
        return heads, tails
    known, places = np.unique(np.concatenate((heads, tails)), return_inverse=True)
    count = len(known)
    reach = _matrix(places[: len(heads)], places[len(heads) :], count)
    while True:
        lengths = np.diff(reach.indptr)
        _check(int(lengths[reach.indices].sum()), _WORK * most)
        more = ((reach @ reach) + reach).astype(np.bool_)
        _check(more.nnz, most)
        if more.nnz == reach.nnz:
            pairs = more.tocoo()
            return known[pairs.row].astype(np.int64), known[pairs.col].astype(np.int64)
        reach = more


def compose(heads: Nodes, tails: Nodes, starts: Following, ends: Following, most: int) -> tuple[Reached, Reached]:
    """All pairs of the head of one edge and the end of another that starts at its tail.

    Args:
        heads: Where each edge begins.
        tails: Where it ends.
        starts: Where each edge that may follow on them begins.
        ends: Where it ends.
        most: How many pairs there may be.

    Raises:
        DataError: There are more.
    """
    count = int(max(tails.max(initial=0), starts.max(initial=0))) + 1
    order = np.argsort(starts, kind="stable")
    indptr = compress(starts, count)
    _check(int((indptr[tails + 1] - indptr[tails]).sum()), most)
    rows, owners = gather(indptr, tails)
    return heads[owners], ends[order][rows]


def _matrix(rows: Nodes, columns: Nodes, count: int) -> csr_array:
    matrix = csr_array((np.ones(len(rows), np.bool_), (rows, columns)), (count, count))
    matrix.sum_duplicates()
    return matrix


def _check(count: int, most: int) -> None:
    if count > most:
        raise DataError(f"expected at most {most:,} paths through the schema, found {count:,}; infer less")
