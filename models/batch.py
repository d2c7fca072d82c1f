"""A batch: what the model reads about several examples at once, as tensors.

Text, history and passages are padded and masked; nodes and edges of all subgraphs are laid end to end, as
`torch_geometric` does. `collate` is on the training hot path: every step is one numpy operation over the whole batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor

from ragmtl.errors import MismatchError
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.texts import Texts
from ragmtl.retrieval.evidence import Evidence


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Training examples with their labels.

    Attributes:
        rows: Row of each, by its id.
        vectors: Text vector of each.
        labels: Answers of each, numbered over all tasks together.
        answers: The numbers of each task's answers.
    """

    rows: Mapping[str, int]
    vectors: Float[np.ndarray, "example text"]
    labels: Sequence[Int64[np.ndarray, " _label"]]
    answers: Mapping[str, range] = field(default_factory=dict)

    def only(self, tasks: Collection[str]) -> Labelled:
        """The same without the answers of other tasks."""
        kept = {task: numbers for task, numbers in self.answers.items() if task in tasks}
        wanted = np.array([number for numbers in kept.values() for number in numbers], np.int64)
        return replace(self, labels=[own[np.isin(own, wanted)] for own in self.labels], answers=kept)


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Where the frozen text vectors of evidence come from; arrays may be memory-mapped, in float16 or float32.

    Attributes:
        nodes: One row per node of the graph: the vector of its description.
        node_ids: Row of each node in the table of learned vectors, 0 = none.
        passages: One row per passage of the corpus.
        types: Type of each node of the graph, 0 = other; all are other where None.
        numbers: Standardised numbers and dates of each node, NaN where it has none; no numbers where None.
        labelled: Training examples that evidence may name as neighbours; these are not read where None.
    """

    nodes: Float[np.ndarray, "node text"]
    node_ids: Int64[np.ndarray, " node"]
    passages: Float[np.ndarray, "passage text"]
    types: Int64[np.ndarray, " node"] | None = None
    numbers: Float[np.ndarray, "node number"] | None = None
    labelled: Labelled | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One example, ready to be collated.

    Attributes:
        segments: Vectors of the segments of its text; no rows where there is no text.
        evidence: What was retrieved for it; `None` is the same as evidence without nodes and passages.
        history: Node ids of the items met before, newest last.
        signals: Per ranking task, some scores of every item for this example.
        contexts: Per ranking task, what the weight of its signals may depend on.
        reached: How near the walk came to each node of the evidence, in [0, 1]; zeros where None.
        tokens: Of each segment, for an encoder that learns; none where the vectors of segments are read.
    """

    segments: Float[np.ndarray, "segment wide"]
    evidence: Evidence | None
    history: Int64[np.ndarray, " history"]
    signals: Mapping[str, Float[np.ndarray, "_item _signal"]]
    contexts: Mapping[str, Float[np.ndarray, " _context"]] = field(default_factory=dict)
    reached: Float[np.ndarray, " _node"] | None = None
    tokens: Sequence[Int64[np.ndarray, " _token"]] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Several examples as tensors.

    Padded fields are zero where their mask is false. Nodes of one example stand together, examples in order. Text
    vectors have the type they are stored in, float16 or float32; the model converts them where it computes.

    Attributes:
        segments, segment_mask: Text vectors of the query's segments.
        tokens, token_mask: Tokens of all segments, in the order of `segment_mask`, for an encoder that learns; no rows
            where the vectors of segments are read.
        history, history_ids, history_types, history_numbers, history_mask: Items met before, newest last;
            `history_ids` are rows of the table of learned vectors (0 = none).
        passages, passage_scores, passage_mask: Text vectors and retrieval scores of the passages.
        neighbours, neighbour_scores, neighbour_mask: Text vectors and retrieval scores of labelled neighbours.
        neighbour_labels: Example, place among its neighbours, and answer, of each label of each neighbour.
        node_vectors, node_ids, node_types, node_numbers, node_scores, node_seeds: Nodes of all subgraphs.
        node_reached: How near the walk came to each node, in [0, 1], where heads answer with nodes.
        node_example: Which example each node belongs to, ascending.
        edges: Positions of head and tail of each triple among the nodes of the batch.
        edge_relations: Relation id of each triple.
        edge_weights: How much each triple counts, in [0, 1].
        signals: Per ranking task, scores of every item; zero for examples that have none.
        contexts: Per ranking task, what the weight of its signals may depend on; likewise.
        texts: Per task that writes, what it reads as tokens.
    """

    segments: Float[Tensor, "batch segment wide"]
    segment_mask: Bool[Tensor, "batch segment"]
    tokens: Int[Tensor, "piece token"]
    token_mask: Bool[Tensor, "piece token"]
    history: Float[Tensor, "batch history text"]
    history_ids: Int[Tensor, "batch history"]
    history_types: Int[Tensor, "batch history"]
    history_numbers: Float[Tensor, "batch history number"]
    history_mask: Bool[Tensor, "batch history"]
    passages: Float[Tensor, "batch passage text"]
    passage_scores: Float[Tensor, "batch passage"]
    passage_mask: Bool[Tensor, "batch passage"]
    neighbours: Float[Tensor, "batch neighbour text"]
    neighbour_scores: Float[Tensor, "batch neighbour"]
    neighbour_mask: Bool[Tensor, "batch neighbour"]
    neighbour_labels: Int[Tensor, "3 label"]
    node_vectors: Float[Tensor, "node text"]
    node_ids: Int[Tensor, " node"]
    node_types: Int[Tensor, " node"]
    node_numbers: Float[Tensor, "node number"]
    node_scores: Float[Tensor, " node"]
    node_seeds: Bool[Tensor, " node"]
    node_reached: Float[Tensor, " node"]
    node_example: Int[Tensor, " node"]
    edges: Int[Tensor, "2 edge"]
    edge_relations: Int[Tensor, " edge"]
    edge_weights: Float[Tensor, " edge"]
    signals: Mapping[str, Float[Tensor, "batch _item _signal"]]
    contexts: Mapping[str, Float[Tensor, "batch _context"]]
    texts: Mapping[str, Texts] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many examples."""
        return len(self.segments)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        moved: dict[str, Any] = {}
        for name in (part.name for part in fields(self)):
            one = getattr(self, name)
            by_task = isinstance(one, Mapping)
            moved[name] = {task: each.to(device) for task, each in one.items()} if by_task else one.to(device)
        return replace(self, **moved)


def collate(readings: Sequence[Reading], vectors: Vectors) -> Batch:
    """Puts examples together.

    Args:
        readings: At least one example.
        vectors: Frozen vectors of the nodes and passages that evidence and history point to.

    Raises:
        MismatchError: An example points to a node or passage that `vectors` does not have, its text vectors have
            another width, or two examples have signals of different shape for one task.
    """
    segments = _Places.of([len(reading.segments) for reading in readings])
    _check_width([reading.segments for reading in readings], vectors)
    history = _Places.of([len(reading.history) for reading in readings])
    history_nodes = np.concatenate([reading.history for reading in readings])
    return Batch(
        segments=segments.pad(np.concatenate([reading.segments for reading in readings])),
        segment_mask=segments.mask(),
        **_collate_tokens(readings),
        history=history.pad(_rows(vectors.nodes, history_nodes, "node")),
        history_ids=history.pad(_rows(vectors.node_ids, history_nodes, "node")),
        history_types=history.pad(_types(vectors, history_nodes)),
        history_numbers=history.pad(_numbers(vectors, history_nodes)),
        history_mask=history.mask(),
        **_collate_passages([reading.evidence for reading in readings], vectors),
        **_collate_neighbours([reading.evidence for reading in readings], vectors),
        **_collate_subgraphs([_subgraph(reading) for reading in readings], vectors),
        node_reached=_collate_reached(readings),
        signals=_collate_by_task([reading.signals for reading in readings]),
        contexts=_collate_by_task([reading.contexts for reading in readings]),
    )


_EMPTY = Subgraph.empty()


def _subgraph(reading: Reading) -> Subgraph:
    return _EMPTY if reading.evidence is None else reading.evidence.subgraph


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where each element of a ragged list of lists stands in a padded array."""

    rows: Int64[np.ndarray, " element"]
    columns: Int64[np.ndarray, " element"]
    shape: tuple[int, int]

    @classmethod
    def of(cls, lengths: Sequence[int]) -> _Places:
        count = np.asarray(lengths, np.int64)
        rows = np.repeat(np.arange(len(count)), count)
        starts = np.cumsum(count) - count
        return cls(rows, np.arange(len(rows)) - starts[rows], (len(count), int(count.max())))

    def pad(self, values: np.ndarray) -> Tensor:
        """The values in their places, zero elsewhere."""
        padded = np.zeros((*self.shape, *values.shape[1:]), values.dtype)
        padded[self.rows, self.columns] = values
        return torch.from_numpy(padded)

    def mask(self) -> Bool[Tensor, "batch place"]:
        mask = np.zeros(self.shape, np.bool_)
        mask[self.rows, self.columns] = True
        return torch.from_numpy(mask)


def _collate_tokens(readings: Sequence[Reading]) -> dict[str, Any]:
    """Tokens of all segments, where every text comes with them."""
    tokens = [one for reading in readings for one in reading.tokens]
    if len(tokens) < sum(len(reading.segments) for reading in readings):
        tokens = []
    places = _Places.of([len(one) for one in tokens] or [0])
    flat = np.concatenate([np.zeros(0, np.int64), *tokens])
    return {"tokens": places.pad(flat)[: len(tokens)], "token_mask": places.mask()[: len(tokens)]}


def _collate_passages(evidence: Sequence[Evidence | None], vectors: Vectors) -> dict[str, Any]:
    scored = [() if one is None else one.passages for one in evidence]
    places = _Places.of([len(passages) for passages in scored])
    ids = np.array([passage.passage for passages in scored for passage in passages], np.int64)
    scores = np.array([passage.score for passages in scored for passage in passages], np.float32)
    return {
        "passages": places.pad(_rows(vectors.passages, ids, "passage")),
        "passage_scores": places.pad(scores),
        "passage_mask": places.mask(),
    }


def _collate_neighbours(evidence: Sequence[Evidence | None], vectors: Vectors) -> dict[str, Any]:
    """Labelled neighbours, where they are read."""
    known = vectors.labelled or Labelled({}, vectors.passages[:0], ())
    scored = [() if one is None or vectors.labelled is None else one.neighbours for one in evidence]
    places = _Places.of([len(neighbours) for neighbours in scored])
    found = [(_row_of(one.example.id, known), one.score) for neighbours in scored for one in neighbours]
    rows = np.array([row for row, _ in found], np.int64)
    labels = [known.labels[row] for row in rows.tolist()]
    owner = np.repeat(np.arange(len(rows)), [len(one) for one in labels])
    answers = np.concatenate([np.zeros(0, np.int64), *labels])
    return {
        "neighbours": places.pad(_rows(known.vectors, rows, "example")),
        "neighbour_scores": places.pad(np.array([score for _, score in found], np.float32)),
        "neighbour_mask": places.mask(),
        "neighbour_labels": torch.from_numpy(np.stack([places.rows[owner], places.columns[owner], answers])),
    }


def _row_of(example: str, known: Labelled) -> int:
    row = known.rows.get(example)
    if row is None:
        raise MismatchError(
            f"expected neighbours among the {len(known.rows)} training examples with vectors, found {example!r}; "
            "the evidence comes from other examples: retrieve again"
        )
    return row


def _types(vectors: Vectors, nodes: Int64[np.ndarray, " node"]) -> np.ndarray:
    return np.zeros_like(nodes) if vectors.types is None else _rows(vectors.types, nodes, "node")


def _numbers(vectors: Vectors, nodes: Int64[np.ndarray, " node"]) -> np.ndarray:
    if vectors.numbers is None:
        return np.zeros((len(nodes), 0), np.float32)
    return _rows(vectors.numbers, nodes, "node")


def _collate_subgraphs(subgraphs: Sequence[Subgraph], vectors: Vectors) -> dict[str, Any]:
    node_counts = np.array([len(subgraph.nodes) for subgraph in subgraphs])
    shift = np.repeat(np.cumsum(node_counts) - node_counts, [len(subgraph.triples) for subgraph in subgraphs])
    nodes = np.concatenate([subgraph.nodes for subgraph in subgraphs])
    ends = [np.concatenate([getattr(subgraph, end) for subgraph in subgraphs]) + shift for end in ("heads", "tails")]
    arrays = {
        "node_vectors": _rows(vectors.nodes, nodes, "node"),
        "node_ids": _rows(vectors.node_ids, nodes, "node"),
        "node_types": _types(vectors, nodes),
        "node_numbers": _numbers(vectors, nodes),
        "node_scores": np.concatenate([subgraph.scores for subgraph in subgraphs]),
        "node_seeds": np.concatenate([subgraph.seeds for subgraph in subgraphs]),
        "node_example": np.repeat(np.arange(len(subgraphs)), node_counts),
        "edges": np.stack(ends),
        "edge_relations": np.concatenate([subgraph.relations for subgraph in subgraphs]),
        "edge_weights": np.concatenate([subgraph.weights for subgraph in subgraphs]),
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _collate_reached(readings: Sequence[Reading]) -> Float[Tensor, " node"]:
    parts = [
        np.zeros(len(_subgraph(one).nodes), np.float32) if one.reached is None else one.reached for one in readings
    ]
    return torch.from_numpy(np.concatenate(parts))


def _collate_by_task(given: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Tensor]:
    """Arrays of each task, one per example, put together; zeros for examples that have none."""
    shapes: dict[str, tuple[int, ...]] = {}
    for arrays in given:
        for task, array in arrays.items():
            if shapes.setdefault(task, array.shape) != array.shape:
                raise MismatchError(
                    f"signals of task {task!r}: expected {shapes[task]} (items, signals) as for the examples before, "
                    f"found {array.shape}; compute all signals of a task over the same items"
                )
    together = {task: np.zeros((len(given), *shape), np.float32) for task, shape in shapes.items()}
    for row, arrays in enumerate(given):
        for task, array in arrays.items():
            together[task][row] = array
    return {task: torch.from_numpy(array) for task, array in together.items()}


def _rows(table: np.ndarray, ids: Int64[np.ndarray, " id"], what: str) -> np.ndarray:
    """Rows of a table as an array in memory."""
    if len(ids) and (ids.max() >= len(table) or ids.min() < 0):
        raise MismatchError(
            f"expected {what} ids below {len(table)}, the number of {what}s that have vectors; found "
            f"{ids.min()} to {ids.max()}; the evidence comes from another index: retrieve again"
        )
    return np.asarray(table[ids])


def _check_width(segments: Sequence[Float[np.ndarray, "_segment _wide"]], vectors: Vectors) -> None:
    widths = sorted({one.shape[1] for one in segments})
    if len(widths) > 1 or vectors.passages.shape[1] != vectors.nodes.shape[1]:
        raise MismatchError(
            f"expected text vectors of one width, found {', '.join(map(str, widths))} for the texts of examples, "
            f"{vectors.nodes.shape[1]} for nodes and {vectors.passages.shape[1]} for passages; use one text encoder"
        )
