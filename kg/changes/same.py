"""Entities that are the same (owl:sameAs) become one node.

The one that stays is no blank node if any is not, has most statements, and comes first among those with as many. It
takes over all triples and literals, so it has the names of all; the IRIs of the others become aliases, and are found
like its own. Statements owl:sameAs between them are gone; where nothing else is said of them, one is left, which says
that the node is the same as itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Int64
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ragmtl.kg.changes.statements import Statements
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import BLANK
from ragmtl.kg.vocabulary import SAME


def merge_same(graph: KnowledgeGraph) -> tuple[KnowledgeGraph, int]:
    """The graph in which every group of equal entities is one node, and how many entities were merged into others."""
    same = graph.relations.find(SAME)
    rows = graph.relation_ids == (-1 if same is None else same)
    heads, tails = graph.heads[rows].astype(np.int64), graph.tails[rows].astype(np.int64)
    apart = heads != tails
    if not apart.any():
        return graph, 0
    kept = _representatives(graph, heads[apart], tails[apart])
    merged = np.flatnonzero(kept != np.arange(len(kept)))
    stated = Statements.of(graph)
    ends = kept[stated.triples[0]], kept[stated.triples[2]]
    new = (ends[0] != ends[1]) | (stated.triples[1] != same)
    told = np.zeros(len(kept), np.bool_)
    for column in (ends[0][new], ends[1][new], kept[stated.values[0]]):
        told[column] = True
    new |= ~told[ends[0]]
    triples = (ends[0], stated.triples[1], ends[1], stated.triples[3])
    nodes = stated.nodes
    others = [(nodes[node], nodes[int(kept[node])]) for node in merged.tolist() if not nodes[node].startswith(BLANK)]
    known = {nodes[node]: nodes[int(kept[node])] for node in merged.tolist()}
    statements = replace(
        stated,
        triples=tuple(column[new] for column in triples),
        values=(kept[stated.values[0]], *stated.values[1:]),
        aliases=(*((alias, known.get(iri, iri)) for alias, iri in stated.aliases), *others),
    )
    return statements.build(graph), len(merged)


def _representatives(
    graph: KnowledgeGraph, heads: Int64[np.ndarray, " pairs"], tails: Int64[np.ndarray, " pairs"]
) -> Int64[np.ndarray, " nodes"]:
    """For each node the one that it becomes."""
    members, places = np.unique(np.concatenate((heads, tails)), return_inverse=True)
    pairs = (places[: len(heads)], places[len(heads) :])
    links = csr_array((np.ones(len(heads), np.bool_), pairs), (len(members), len(members)))
    _, groups = connected_components(links, directed=False)
    blank = np.array([graph.nodes[node].startswith(BLANK) for node in members.tolist()], np.bool_)
    sizes = sum(np.diff(indptr)[members] for indptr in _pointers(graph))
    sizes = sizes - np.bincount(places, minlength=len(members))
    order = np.lexsort((members, -sizes, blank, groups))
    _, firsts = np.unique(groups[order], return_index=True)
    kept = np.arange(len(graph.nodes))
    kept[members] = members[order[firsts]][groups]
    return kept


def _pointers(graph: KnowledgeGraph) -> tuple[np.ndarray, ...]:
    return graph.outgoing.indptr, graph.incoming.indptr, graph.literals.indptr
