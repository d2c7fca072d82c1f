"""Who is beside whom: the triples of a graph in compressed rows, one row for each node."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import SupportsIndex

import numpy as np
from jaxtyping import Int64, Integer

from ragmtl.kg.terms import fitting, frozen


@dataclass(frozen=True, slots=True, eq=False)
class Adjacency:
    """One direction of a graph as compressed sparse rows.

    The neighbours of node `v` are `neighbours[indptr[v]:indptr[v + 1]]`, likewise the relation and the id of the
    triple that leads to each.
    """

    indptr: Integer[np.ndarray, " pointers"]
    neighbours: Integer[np.ndarray, " triples"]
    relations: Integer[np.ndarray, " triples"]
    triples: Integer[np.ndarray, " triples"]

    def row(self, node: SupportsIndex) -> slice:
        """Where the neighbours of one node stand."""
        return row_of(self.indptr, node)

    def rows(
        self, nodes: Integer[np.ndarray, " some"]
    ) -> tuple[Int64[np.ndarray, " edges"], Int64[np.ndarray, " edges"]]:
        """Where the neighbours of several nodes stand, and which of `nodes` each belongs to (its position)."""
        return gather(self.indptr, nodes)


def row_of(indptr: Integer[np.ndarray, " pointers"], row: SupportsIndex) -> slice:
    """Where the entries of one row stand, given where each row begins.

    >>> row_of(np.array([0, 2, 5]), np.int32(1))
    slice(2, 5, None)

    Raises:
        IndexError: There is no such row.
    """
    at = index(row)
    if at < 0:
        raise IndexError(f"expected a row in [0, {len(indptr) - 1}), found {at}")
    return slice(int(indptr[at]), int(indptr[at + 1]))


def gather(
    indptr: Integer[np.ndarray, " pointers"], rows: Integer[np.ndarray, " some"]
) -> tuple[Int64[np.ndarray, " entries"], Int64[np.ndarray, " entries"]]:
    """Where the entries of some rows stand, one row after the other, and for each the position of its row in `rows`.

    >>> gather(np.array([0, 2, 2, 5]), np.array([2, 1, 0]))
    (array([2, 3, 4, 0, 1]), array([0, 0, 0, 2, 2]))
    """
    starts, counts = indptr[rows], indptr[rows + 1] - indptr[rows]
    owners = np.repeat(np.arange(len(rows)), counts)
    firsts = np.cumsum(counts) - counts
    return np.arange(len(owners)) + (starts - firsts)[owners], owners


def compress(ids: Integer[np.ndarray, " rows"], count: int) -> Int64[np.ndarray, " pointers"]:
    """Row pointers of sorted ids in [0, count)."""
    indptr = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(ids, minlength=count), out=indptr[1:])
    return frozen(indptr)


def both_ways(
    heads: Integer[np.ndarray, " triples"],
    relation_ids: Integer[np.ndarray, " triples"],
    tails: Integer[np.ndarray, " triples"],
    nodes: int,
    relations: int,
) -> tuple[Adjacency, Adjacency]:
    """The outgoing and the incoming direction of triples that are sorted by (head, relation, tail)."""
    from ragmtl.kg.encoding.order import order_of

    order = order_of([(tails, nodes), (relation_ids, relations)])
    into = frozen(heads[order]), frozen(relation_ids[order]), frozen(order)
    return outgoing(pointers(heads, nodes), tails, relation_ids), Adjacency(pointers(tails, nodes), *into)


def outgoing(
    indptr: Integer[np.ndarray, " pointers"],
    tails: Integer[np.ndarray, " triples"],
    relation_ids: Integer[np.ndarray, " triples"],
) -> Adjacency:
    """The outgoing direction, which stands in the order of the triples."""
    return Adjacency(indptr, tails, relation_ids, frozen(np.arange(len(tails), dtype=np.int32)))


def pointers(ids: Integer[np.ndarray, " rows"], count: int) -> Integer[np.ndarray, " pointers"]:
    """Row pointers of sorted ids in [0, count), in 32 bits where they fit."""
    return frozen(compress(ids, count).astype(fitting(len(ids)), copy=False))
