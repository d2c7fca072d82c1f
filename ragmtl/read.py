"""Reading: what the frozen parts of the system, retriever and text encoder, say about each example.

Done once per evidence kind; training then never runs either of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float32, Int, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.models.batch import Reading, Vectors
from ragmtl.models.encoders.text import split_segments
from ragmtl.models.heads.ranking import Items
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.texts import Tokenises
from ragmtl.training.processes import Processes

MOST_NEIGHBOURS = 32


def read_queries(
    queries: Sequence[Query],
    retriever: Retrieves,
    index: Index,
    reader: Encoder,
    progress: Progress | None = None,
) -> list[Reading]:
    """Retrieve evidence and encode the text of some queries.

    Args:
        queries: What is asked.
        retriever: Finds the evidence.
        index: Names the items of histories; those that the graph does not know are left out.
        reader: Makes the vectors of segments of text, and gives their tokens where an encoder learns from them.
        progress: Told how many queries are done.
    """
    evidence = retriever.many(queries, progress)
    segments = [split_segments(query.text) for query in queries]
    vectors, tokens = _segment_vectors(segments, reader), _segment_tokens(segments, reader)
    return [
        Reading(own, found, known_nodes(index.graph, query.history), {}, tokens=pieces)
        for query, own, found, pieces in zip(queries, vectors, evidence, tokens, strict=True)
    ]


def read_together(
    queries: Sequence[Query], processes: Processes, read: Callable[[Sequence[Query]], list[Reading]]
) -> list[Reading]:
    """What is read of some queries, each by one of the processes; all of them get all.

    Args:
        queries: The same in all processes.
        processes: Who reads.
        read: Reads some queries.
    """
    parts = processes.exchange(read([queries[row] for row in processes.share(len(queries))]))
    return [parts[row % processes.count][row // processes.count] for row in range(len(queries))]


def known_nodes(graph: KnowledgeGraph, iris: Iterable[str]) -> Int64[np.ndarray, " known"]:
    """Ids of those entities that the graph knows, in order."""
    found = (graph.nodes.find(iri) for iri in iris)
    return np.array([node for node in found if node is not None], np.int64)


def _segment_vectors(segments: Sequence[Sequence[str]], reader: Encoder) -> list[Float32[np.ndarray, "segment text"]]:
    """The vectors of each text's segments; every text is encoded in one call."""
    flat = [segment for found in segments for segment in found]
    vectors = reader.encode(flat) if flat else np.zeros((0, reader.dim), np.float32)
    ends = np.cumsum([len(found) for found in segments])[:-1]
    return np.split(vectors, ends) if segments else []


def _segment_tokens(
    segments: Sequence[Sequence[str]], reader: Encoder
) -> list[tuple[Int64[np.ndarray, " _token"], ...]]:
    """The tokens of each text's segments; none where the reader gives none."""
    return [tuple(reader.tokens(found)) if isinstance(reader, Tokenises) else () for found in segments]


def segment_scale(
    readings: Sequence[Reading],
) -> tuple[Float32[np.ndarray, " wide"], Float32[np.ndarray, " wide"]]:
    """Mean and spread of the segments of some examples, number by number."""
    segments = np.concatenate([reading.segments for reading in readings])
    if not len(segments):
        return np.zeros(segments.shape[1], np.float32), np.ones(segments.shape[1], np.float32)
    return segments.mean(axis=0), segments.std(axis=0)


def used_nodes(
    readings: Iterable[Reading], others: Iterable[Int64[np.ndarray, " _node"]]
) -> Int64[np.ndarray, " used"]:
    """Every node whose description is read: those of evidence and history, and some others."""
    parts = [reading.history for reading in readings]
    parts += [reading.evidence.subgraph.nodes for reading in readings if reading.evidence is not None]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *parts, *others]))


def node_vectors(
    graph: KnowledgeGraph,
    nodes: Int64[np.ndarray, " used"],
    encoder: Encoder,
    hide: frozenset[int] = frozenset(),
    progress: Progress | None = None,
) -> Float32[np.ndarray, "node text"]:
    """Vectors of the descriptions of some nodes, as rows of a table of all nodes; the other rows are zero.

    Args:
        graph: Describes them.
        nodes: Whose descriptions are read.
        encoder: Frozen text encoder.
        hide: Relations that descriptions must not show.
        progress: Told how many texts are encoded.
    """
    table = np.zeros((len(graph.nodes), encoder.dim), np.float32)
    if len(nodes):
        table[nodes] = encoder.encode([graph.describe(node, hide=hide) for node in nodes.tolist()], progress)
    return table


def neighbours(graph: KnowledgeGraph, node: int, hide: frozenset[int] = frozenset()) -> Int64[np.ndarray, " neighbour"]:
    """Nodes next to a node, each once, at most 32 of them: those that fewest triples speak of, for they tell most.

    Args:
        graph: The knowledge graph.
        node: Whose neighbours.
        hide: Relations that must not be seen.
    """
    sides = [(side, side.row(node)) for side in (graph.outgoing, graph.incoming)]
    found = np.concatenate([side.neighbours[row] for side, row in sides])
    found = found[~np.isin(np.concatenate([side.relations[row] for side, row in sides]), sorted(hide))]
    distinct = np.unique(found[found != node]).astype(np.int64)
    degrees = np.array([graph.degree(other) for other in distinct.tolist()], np.int64)
    kept: Int64[np.ndarray, " neighbour"] = distinct[np.argsort(degrees, kind="stable")[:MOST_NEIGHBOURS]]
    return kept


def item_table(
    nodes: Int64[np.ndarray, " item"],
    seen: Sequence[bool],
    vectors: Vectors,
    beside: Sequence[Int64[np.ndarray, " _neighbour"]] | None,
) -> Items:
    """What a ranking head knows of its items.

    Args:
        nodes: Node of each item; -1 for items that the graph does not know.
        seen: Which items are the answer of a training example.
        vectors: Vectors of the nodes.
        beside: Neighbours of each item in the graph; None in arms without retrieval.
    """
    own = torch.from_numpy(np.where((nodes >= 0)[:, None], vectors.nodes[nodes], 0).astype(np.float32))
    known = torch.tensor(list(seen), dtype=torch.bool)
    if beside is None:
        return Items(own, known)
    means = np.stack([vectors.nodes[near].mean(axis=0) if len(near) else np.zeros(own.shape[1]) for near in beside])
    return Items(own, known, torch.from_numpy(means.astype(np.float32)))


def evidence_signals(
    evidence: Sequence[Evidence | None],
    columns: Int64[np.ndarray, " node"],
    items: int,
    spoken_of: Callable[[int], Int[np.ndarray, " link"]],
) -> Float32[np.ndarray, "example item 2"]:
    """What the evidence says of each item: how near the walk came, and the scores of passages that speak of it.

    Args:
        evidence: Of each example.
        columns: Column of each node of the graph among the items; -1 for others.
        items: How many items there are.
        spoken_of: Gives the nodes that a passage of the corpus speaks of.
    """
    found = np.zeros((len(evidence), items, 2), np.float32)
    for row, one in enumerate(evidence):
        if one is None:
            continue
        places = columns[one.targets.nodes]
        best = float(one.targets.scores.max(initial=0.0)) or 1.0
        found[row, places[places >= 0], 0] = np.sqrt(one.targets.scores[places >= 0] / best)
        for passage in one.passages:
            spoken = columns[spoken_of(passage.passage)]
            found[row, spoken[spoken >= 0], 1] += passage.score
    return found
