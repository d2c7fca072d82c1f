"""Who is beside whom: the triples of a graph in compressed rows, one row for each node."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import SupportsIndex

import numpy as np
from jaxtyping import Int, Int32, Int64

from ragmtl.kg.terms import frozen


@dataclass(frozen=True, slots=True, eq=False)
class Adjacency:
    """One direction of a graph as compressed sparse rows.

    The neighbours of node `v` are `neighbours[indptr[v]:indptr[v + 1]]`, likewise the relation and the id of the
    triple that leads to each.
    """

    indptr: Int64[np.ndarray, " pointers"]
    neighbours: Int32[np.ndarray, " triples"]
    relations: Int32[np.ndarray, " triples"]
    triples: Int32[np.ndarray, " triples"]

    def row(self, node: SupportsIndex) -> slice:
        """Where the neighbours of one node stand."""
        return row_of(self.indptr, node)

    def rows(self, nodes: Int[np.ndarray, " some"]) -> tuple[Int64[np.ndarray, " edges"], Int64[np.ndarray, " edges"]]:
        """Where the neighbours of several nodes stand, and which of `nodes` each belongs to (its position)."""
        return gather(self.indptr, nodes)


def row_of(indptr: Int64[np.ndarray, " pointers"], row: SupportsIndex) -> slice:
    """Where the entries of one row stand, given where each row begins.

    >>> row_of(np.array([0, 2, 5]), np.int32(1))
    slice(2, 5, None)
    """
    at = index(row)
    return slice(int(indptr[at]), int(indptr[at + 1]))


def gather(
    indptr: Int64[np.ndarray, " pointers"], rows: Int[np.ndarray, " some"]
) -> tuple[Int64[np.ndarray, " entries"], Int64[np.ndarray, " entries"]]:
    """Where the entries of some rows stand, one row after the other, and for each the position of its row in `rows`.

    >>> gather(np.array([0, 2, 2, 5]), np.array([2, 1, 0]))
    (array([2, 3, 4, 0, 1]), array([0, 0, 0, 2, 2]))
    """
    starts, counts = indptr[rows], indptr[rows + 1] - indptr[rows]
    owners = np.repeat(np.arange(len(rows)), counts)
    firsts = np.cumsum(counts) - counts
    return np.arange(len(owners)) + (starts - firsts)[owners], owners


def compress(ids: Int[np.ndarray, " rows"], count: int) -> Int64[np.ndarray, " pointers"]:
    """Row pointers of sorted ids in [0, count)."""
    indptr = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(ids, minlength=count), out=indptr[1:])
    return frozen(indptr)


def both_ways(
    heads: Int32[np.ndarray, " triples"],
    relation_ids: Int32[np.ndarray, " triples"],
    tails: Int32[np.ndarray, " triples"],
    nodes: int,
) -> tuple[Adjacency, Adjacency]:
    """The outgoing and the incoming direction of triples that are sorted by (head, relation, tail)."""
    ids = np.arange(len(heads), dtype=np.int32)
    outgoing = Adjacency(compress(heads, nodes), tails, relation_ids, frozen(ids))
    order = np.lexsort((heads, relation_ids, tails)).astype(np.int32)
    incoming = Adjacency(compress(tails, nodes), frozen(heads[order]), frozen(relation_ids[order]), frozen(order))
    return outgoing, incoming
