"""Gathering: everything that training reads on one kind of evidence, retrieved and encoded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.assembly import Assembly, ItemSignals
from ragmtl.build import Watch, retriever_for, unwatched
from ragmtl.compare import EvidenceKind
from ragmtl.config import Config, LinkConfig
from ragmtl.facts import NodeFacts, fact_tables, learn_facts
from ragmtl.item_signals import item_signals
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.holdout import copies_of
from ragmtl.labelled import LabelledSource, asked, labelled_sources
from ragmtl.learned import id_tables, learned_entities
from ragmtl.loaded import Loaded
from ragmtl.models.batch import Reading, Vectors
from ragmtl.models.heads.ranking import Items
from ragmtl.places import placed
from ragmtl.read import (
    item_table,
    neighbours,
    node_vectors,
    read_queries,
    read_together,
    segment_scale,
    used_nodes,
)
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.hybrid import Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Task
from ragmtl.training.processes import Processes
from ragmtl.wide import known_relations, wide_signals
from ragmtl.words import word_signals

ItemNodes = Int64[np.ndarray, " _item"]
"""The node of each item of a ranking."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything that training reads on one kind of evidence.

    Attributes:
        assemblies: One per source.
        entities: Nodes that have a learned vector, for each source.
        items: The items of each ranking.
        scale: Mean and spread of the segments of training texts.
        index: Where the evidence is from.
        facts: Which types and numbers of nodes are read.
    """

    assemblies: tuple[Assembly, ...]
    entities: tuple[Int64[np.ndarray, " _entity"], ...]
    items: dict[str, Items]
    scale: tuple[Float32[np.ndarray, " wide"], Float32[np.ndarray, " wide"]]
    index: Index
    facts: NodeFacts

    def only(self, tasks: Sequence[str]) -> tuple[Assembly, ...]:
        """The sources of these tasks, with these tasks only."""
        return tuple(kept for assembly in self.assemblies if (kept := assembly.only(tasks)) is not None)


def gather(
    config: Config,
    index: Index,
    reader: Encoder,
    loaded: Sequence[Loaded],
    kind: EvidenceKind,
    *,
    seed: int,
    watch: Watch = unwatched,
    facts: NodeFacts | None = None,
) -> Material:
    """Retrieve and encode for all examples of all sources.

    Args:
        config: Says how much is retrieved.
        index: Where it is retrieved from; that of the shuffled graph for this control.
        reader: Makes the vectors of segments of text.
        loaded: The sources.
        kind: Which evidence.
        seed: Of random passages.
        watch: Gives progress bars.
        facts: Which types and numbers of nodes are read; learned from the training examples where None.
    """
    way = _Way(config, index, reader, kind, seed, watch, hidden_relations(config, index.graph))
    rankings = [task for one in loaded for task in one.source.tasks if task.head == "ranking"]
    nodes = {task.name: item_nodes(index.graph, task.answers) for task in rankings}
    labelled = labelled_sources(loaded, index.encoder, config.retrieval.neighbours)
    readings = way.readings(loaded, labelled, nodes)
    beside = way.beside(nodes)
    met = [way.learned(one, found) for one, found in zip(loaded, readings, strict=True)]
    trained = [reading for one, found in zip(loaded, readings, strict=True) for reading in _trained(one, found)[0]]
    others = [items[items >= 0] for items in nodes.values()] + [near for found in beside.values() for near in found]
    used = used_nodes([reading for found in readings for reading in found], others)
    described = way.described(used)
    facts = learn_facts(config.model, index.graph, trained, way.hide) if facts is None else facts
    tables = fact_tables(index.graph, facts, used, way.hide)
    vectors = [
        Vectors(described, ids, index.dense.vectors, *tables, known.table if known else None)
        for ids, known in zip(id_tables(len(index.graph.nodes), met), labelled, strict=True)
    ]
    items = {
        name: item_table(nodes[name], one.seen[name], seen_by, beside.get(name))
        for one, seen_by in zip(loaded, vectors, strict=True)
        for name in one.seen
    }
    assemblies = tuple(
        Assembly(placed(one.source, found, index.graph), found, seen_by, way.signals(one, nodes))
        for one, found, seen_by in zip(loaded, readings, vectors, strict=True)
    )
    return Material(assemblies, tuple(met), items, segment_scale(trained), index, facts)


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """How everything is read: what `gather` was given, and the relations that nothing may show."""

    config: Config
    index: Index
    reader: Encoder
    kind: EvidenceKind
    seed: int
    watch: Watch
    hide: frozenset[int]

    @property
    def processes(self) -> Processes:
        """Who reads."""
        return Processes.join(self.config.training.device)

    def readings(
        self, loaded: Sequence[Loaded], labelled: Sequence[LabelledSource | None], nodes: Mapping[str, ItemNodes]
    ) -> list[Sequence[Reading]]:
        """What is read about the examples of each source; `nodes` are the items of rankings."""
        targets = np.unique(np.concatenate([np.zeros(0, np.int64), *nodes.values()]))
        retriever = self._retriever(targets[targets >= 0])
        everywhere = retriever
        if any(answering(one.source.tasks) for one in loaded):
            everywhere = self._retriever(every_node(self.index.graph))
        readings: list[Sequence[Reading]] = []
        for one, known in zip(loaded, labelled, strict=True):
            found = self._read(one, everywhere if answering(one.source.tasks) else retriever)
            asking = [asked(example) for example in one.source.examples]
            readings.append(found if known is None else known.add(found, asking, self.kind, self.seed))
        return readings

    def _retriever(self, targets: Int64[np.ndarray, " target"]) -> Retrieves:
        return retriever_for(self.config, self.index, self.kind, targets, self.seed)

    def _read(self, one: Loaded, retriever: Retrieves) -> list[Reading]:
        queries, bar = [example.query for example in one.source.examples], self.watch(f"reading {one.source.name}")
        return read_together(queries, self.processes, partial(_read, retriever, self.index, self.reader, bar))

    def beside(self, nodes: Mapping[str, ItemNodes]) -> dict[str, list[Int64[np.ndarray, " _neighbour"]]]:
        """The neighbours of the items of each ranking, where there is knowledge."""
        if self.kind == "none":
            return {}
        graph = self.index.graph
        return {name: [neighbours(graph, node, self.hide) for node in items.tolist()] for name, items in nodes.items()}

    def learned(self, one: Loaded, readings: Sequence[Reading]) -> Int64[np.ndarray, " entity"]:
        """Nodes that get a learned vector for a source."""
        if "ids" not in self.config.model.features:
            return np.zeros(0, np.int64)
        return learned_entities(*_trained(one, readings), one.source.tasks, self.config.model.frequent)

    def described(self, used: Int64[np.ndarray, " used"]) -> Float32[np.ndarray, "node text"]:
        """The vectors of what describes some nodes; one process encodes, the others find it done."""
        with self.processes.first_alone():
            return node_vectors(self.index.graph, used, self.index.encoder, self.hide, self.watch("encoding nodes"))

    def signals(self, one: Loaded, nodes: Mapping[str, ItemNodes]) -> dict[str, ItemSignals]:
        """What is computed for the tasks of a source when a batch is made."""
        found = {
            name: item_signals(
                name, one.signals[name], nodes[name], self.index, self.hide, self.kind, one.links.get(name)
            )
            for name in one.signals
        }
        found |= word_signals(one.source.tasks, self.index.encoder.name, self.config.training.device)
        wide = self.config.model.wide
        return found | (wide_signals(one, self.index.graph, self.hide, self.kind) if wide else {})


def _read(
    retriever: Retrieves, index: Index, reader: Encoder, progress: Progress, queries: Sequence[Query]
) -> list[Reading]:
    return read_queries(queries, retriever, index, reader, progress)


def answering(tasks: Sequence[Task]) -> bool:
    """Whether a task answers with nodes of the evidence, so that how near the walk came to each of them counts."""
    return any(task.head == "node" for task in tasks)


def every_node(graph: KnowledgeGraph) -> Int64[np.ndarray, " node"]:
    """All nodes."""
    return np.arange(len(graph.nodes), dtype=np.int64)


def _trained(one: Loaded, readings: Sequence[Reading]) -> tuple[list[Reading], list[Example]]:
    """The training examples of a source, and what was read about them."""
    rows = one.source.positions("train").tolist()
    return [readings[row] for row in rows], [one.source.examples[row] for row in rows]


def hidden_relations(config: Config, graph: KnowledgeGraph) -> frozenset[int]:
    """Relations that state a label of some task, or a link to be predicted: no description of a node may show them."""
    stated = known_relations(graph, (iri for task in config.tasks for iri in task.hide))
    predicted = known_relations(graph, (task.relation for task in config.tasks if isinstance(task, LinkConfig)))
    copies = (other for relation in predicted for other, _ in copies_of(graph, relation))
    return frozenset((*stated, *predicted, *copies))


def item_nodes(graph: KnowledgeGraph, answers: Sequence[str]) -> Int64[np.ndarray, " item"]:
    """The node of each item; -1 for those that the graph does not know."""
    found = (graph.nodes.find(iri) for iri in answers)
    return np.array([-1 if node is None else node for node in found], np.int64)
