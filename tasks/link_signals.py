"""What the graph says of the items of a link prediction: who is alike, who is linked already, who is linked often.

For a relation seen from one of its ends, with A_c the nodes that code c (a relation, forwards or backwards) leads to:

    alike by c     log(1 + 5 Σ over others o of alike_c(query, o) · A[o, item])
                   alike_c(q, o) = Σ_x A_c[q, x] A_c[o, x] / log(2 + degree_c(x))
    linked by c    whether c leads from the query to the item (a director is often a writer, too)
    popularity     log(1 + links to the item);  degree: log(1 + all of its edges)

Whoever shares a neighbour with the query and has the item stands for it: three steps, as in path ranking (Lao et al.,
"Random walk inference and learning in a large scale knowledge base", 2011), weighted as Adamic and Adar do. For an
example of training, its own edge is taken out of every sum.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float32, Int64
from scipy.sparse import csr_array

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.tasks.base import Example, positions
from ragmtl.tasks.recommendation.signals import Scores

MOST_CODES = 6
"""So many relations, those that the queries have most edges of, are told apart; the others are taken together."""

HUB = 1000
"""What more edges of one kind lead to says nothing of who is alike."""

_GAIN = 5.0


class LinkSignals:
    """Signals of one relation, seen from one end.

    Args:
        task: Name of the task.
        graph: Without the edges to be predicted.
        code: 2 · relation to predict tails, 2 · relation + 1 to predict heads.
        items: Node of each item; -1 for those that the graph does not know.
        without: Relations that restate this one; they are not looked at.
    """

    def __init__(
        self,
        task: str,
        graph: KnowledgeGraph,
        code: int,
        items: Int64[np.ndarray, " item"],
        without: Collection[int] = (),
    ) -> None:
        self._task, self._graph, self._items = task, graph, items
        self._columns = np.full(len(graph.nodes), -1, np.int64)
        self._columns[items[items >= 0]] = np.flatnonzero(items >= 0)
        links = _matrix(graph, [code])
        self._links = self._to_items(links)
        asking = np.flatnonzero(np.diff(links.indptr))
        known = [other for other in range(2 * len(graph.relations)) if other >> 1 not in without]
        counts = {other: int(np.diff(_matrix(graph, [other]).indptr)[asking].sum()) for other in known}
        order = sorted((other for other in known if counts[other]), key=lambda other: (-counts[other], other))
        told, rest = order[:MOST_CODES], order[MOST_CODES:]
        self._groups = [[other] for other in told] + ([rest] if rest else [])
        self._own = [code in group for group in self._groups]
        self._near = [_matrix(graph, group) for group in self._groups]
        self._back = [csr_array(near.T) for near in self._near]
        self._weights = [_weights(near) for near in self._near]
        self._direct = [self._to_items(_matrix(graph, [c for c in group if c != code])) for group in self._groups]
        self._popular = np.asarray(self._links.sum(axis=0), np.float32)
        degrees = np.array([graph.degree(node) if node >= 0 else 0 for node in items.tolist()], np.float32)
        self._degrees = np.log1p(degrees)

    @property
    def names(self) -> tuple[str, ...]:
        """What each score is called."""
        groups = [
            "+".join(self._name(code) for code in group[:1]) + (" …" if len(group) > 1 else "")
            for group in self._groups
        ]
        return (
            *(f"alike by {name}" for name in groups),
            *(f"linked by {name}" for name in groups),
            "popularity",
            "degree",
        )

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """One array for each name; zeros for examples about an entity that the graph does not know."""
        nodes = [self._node(example) for example in examples]
        asked = np.array([max(node, 0) for node in nodes], np.int64)
        there = np.array([[node >= 0] for node in nodes], np.float32)
        own = [self._own_items(example) for example in examples]
        alike = [self._alike(group, asked, own) * there for group in range(len(self._groups))]
        direct = [direct[asked].toarray() * there for direct in self._direct]
        popular = np.tile(self._popular, (len(examples), 1))
        for row, items in enumerate(own):
            popular[row, items] -= 1
        return (*alike, *direct, np.log1p(np.maximum(popular, 0)), np.tile(self._degrees, (len(examples), 1)))

    def _alike(
        self, group: int, asked: Int64[np.ndarray, " example"], own: Sequence[Int64[np.ndarray, " _item"]]
    ) -> Scores:
        near = csr_array(self._near[group][asked])
        if self._own[group]:
            _take_out(near, [self._items[items] for items in own])
        near.data = near.data * self._weights[group][near.indices]
        alike = csr_array(near @ self._back[group])
        _take_out(alike, list(asked[:, None]))
        found: Float32[np.ndarray, "example item"] = (alike @ self._links).toarray().astype(np.float32)
        return np.asarray(np.log1p(_GAIN * found), np.float32)

    def _to_items(self, matrix: csr_array) -> csr_array:
        """The columns of items only; those that the graph does not know are empty."""
        chosen = self._columns[matrix.indices]
        kept = chosen >= 0
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[kept]
        shape = (matrix.shape[0], len(self._items))
        return csr_array((np.ones(len(rows), np.float32), (rows, chosen[kept])), shape)

    def _node(self, example: Example) -> int:
        entities = example.query.entities
        node = self._graph.nodes.find(entities[0]) if entities else None
        return -1 if node is None else node

    def _own_items(self, example: Example) -> Int64[np.ndarray, " item"]:
        """The items whose link to the query's entity this example of training is."""
        label = example.labels.get(self._task) if example.split == "train" else None
        return np.array(() if label is None else positions(label), np.int64)

    def _name(self, code: int) -> str:
        return f"{'←' if code & 1 else ''}{self._graph.relation_label(code >> 1)}"


def _matrix(graph: KnowledgeGraph, codes: Sequence[int]) -> csr_array:
    """Nodes × nodes: 1 where one of some codes leads from the first to the second."""
    count, rows, columns = len(graph.nodes), [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for code in codes:
        of_relation = graph.relation_ids == code >> 1
        ends = (graph.heads[of_relation], graph.tails[of_relation])
        rows.append(ends[code & 1].astype(np.int64))
        columns.append(ends[1 - (code & 1)].astype(np.int64))
    table = csr_array(
        (np.ones(sum(map(len, rows)), np.float32), (np.concatenate(rows), np.concatenate(columns))), (count, count)
    )
    table.sum_duplicates()
    table.data[:] = 1
    return table


def _weights(near: csr_array) -> Float32[np.ndarray, " node"]:
    degrees = np.bincount(near.indices, minlength=near.shape[1])
    return np.where(degrees > HUB, 0, 1 / np.log(2 + np.maximum(degrees, 1))).astype(np.float32)


def _take_out(matrix: csr_array, columns: Sequence[Int64[np.ndarray, " _column"]]) -> None:
    """Set some columns of each row to zero."""
    for row, own in enumerate(columns):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        matrix.data[part][np.isin(matrix.indices[part], own)] = 0
