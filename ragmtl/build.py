"""From a configuration to the objects that do the work. Everything that is chosen by name is chosen here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int64

from ragmtl.assembly import Assembly, ItemSignals
from ragmtl.compare import EvidenceKind
from ragmtl.config import Config
from ragmtl.endpoints import endpoints_beside, refuse_served_passages, refuse_servers
from ragmtl.errors import MismatchError
from ragmtl.facts import NodeFacts, fact_tables, learn_facts
from ragmtl.graphs import read_graph, vocabulary_of
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.similar import adamic_adar
from ragmtl.labelled import asked, labelled_sources
from ragmtl.learned import id_tables, learned_entities
from ragmtl.models.batch import Reading, Vectors
from ragmtl.models.heads.ranking import Items
from ragmtl.models.model import Model
from ragmtl.read import (
    evidence_signals,
    item_table,
    neighbours,
    node_vectors,
    read_queries,
    segment_scale,
    used_nodes,
)
from ragmtl.retrieval.controls import NoRetrieval, RandomPassages, shuffle_graph, shuffle_links
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.files.arrays import AGAIN
from ragmtl.retrieval.hybrid import Retriever, Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import read_titled
from ragmtl.retrieval.passages.learned_fusion import fusion_file
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.routes.scorer import learned_folder
from ragmtl.retrieval.servers.local import read_without_graph
from ragmtl.retrieving import named_model, retrieval_settings
from ragmtl.sizes import HeadSize, ModelSize, build_model, ranking_size
from ragmtl.tables import Loaded
from ragmtl.tasks.base import Example, Task
from ragmtl.tasks.ease import MOST_ITEMS
from ragmtl.tasks.neighbours import Neighbours
from ragmtl.tasks.signals import Signals
from ragmtl.training.seed import seed_everything

Watch = Callable[[str], Progress]
"""Gives a progress bar for a piece of work, by its name."""

KNOWLEDGE_SIGNALS = ("alike in the graph", "alike in the graph to the last", "near in the graph", "in the passages")
"""Signals that every ranking has beside the collaborative ones; zero in arms without retrieval."""

SIMILARITY_SCALE, EVIDENCE_SCALE, GATE_START = 10.0, 5.0, 0.15


def unwatched(name: str) -> Progress:
    """Progress that nobody looks at."""
    return no_progress


def encoder_for(config: Config, cache: Path) -> Encoder:
    """The frozen text encoder, with vectors kept in a folder."""
    return CachedEncoder(load_encoder(named_model(config, config.encoder.name), half=_half(config)), cache)


def _half(config: Config) -> bool:
    return config.encoder.precision == "bfloat16"


def reader_for(config: Config, index: Index) -> Encoder:
    """What makes the vectors of texts that a model reads; they are kept beside the index."""
    encoder = load_encoder(named_model(config, config.encoder.name), inside=True, half=_half(config))
    return CachedEncoder(encoder, vectors_beside(index.directory))


def build_index(config: Config, folder: str | Path, watch: Watch = unwatched) -> Index:
    """Read graph and corpus, and index them; vectors are kept beside the index.

    Raises:
        DataError, ConfigError: Graph or corpus cannot be read, or the passages are on a server.
    """
    refuse_served_passages(config)
    path = config.resolve(config.corpus.path)
    encoder = encoder_for(config, vectors_beside(folder))
    if config.graph.server is not None:
        away, corpus = read_without_graph(path)
        return Index.build(away, corpus, encoder, folder, watch("encoding passages"))
    if not config.graph.sources and not config.graph.endpoints:
        titles, corpus = read_titled(path, watch("linking passages"))
        return Index.build(titles, corpus, encoder, folder, watch("encoding passages"))
    graph = read_graph(config, _statements(watch("reading the graph")), endpoints_beside(folder))
    corpus = Corpus.read(path, graph, progress=watch("linking passages"))
    return Index.build(graph, corpus, encoder, folder, watch("encoding passages"))


def _statements(progress: Progress) -> Callable[[str, int], None]:
    """Progress of reading RDF, whose length is not known before its end."""
    return lambda _, statements: progress(statements, statements)


def open_index(config: Config, folder: str | Path) -> Index:
    """Open an index, and see that it is of this configuration's encoder and words, and of unchanged files.

    Raises:
        ConfigError: Its graph or passages are on a server.
        MismatchError: It is not; the message says to run `ragmtl index`.
    """
    refuse_servers(config)
    index = Index.load(folder, encoder=encoder_for(config, vectors_beside(folder)), check_sources=True)
    graph = index.graph
    rules = {rule for rule, _ in graph.report.inferred}
    found = (list(graph.languages), graph.labels.vocabulary, rules)
    if found != (config.graph.languages, vocabulary_of(config), set(config.graph.infer)):
        raise MismatchError(
            f"expected languages and labels and rules of inference as in [graph] of the configuration, found others in "
            f"the index in {folder}; {AGAIN}"
        )
    return index


def evidence_index(index: Index, kind: EvidenceKind, seed: int, folder: Path, watch: Watch = unwatched) -> Index:
    """The index that an arm retrieves from: the true one, or one of a shuffled graph, built in `folder` once."""
    if kind != "shuffled-graph":
        return index
    if not (folder / "manifest.json").exists():
        graph = shuffle_graph(index.graph, seed)
        corpus = shuffle_links(index.corpus, seed)
        Index.build(graph, corpus, index.encoder, folder, watch("encoding passages"))
    carry_learned(index.directory, folder)
    return Index.load(folder, encoder=index.encoder)


def carry_learned(source: Path, target: Path) -> None:
    """Copy what was learned for an index beside another one of the same relations and encoder."""
    if learned_folder(source).is_dir():
        shutil.copytree(learned_folder(source), learned_folder(target), dirs_exist_ok=True)
    if fusion_file(source).is_file():
        shutil.copy(fusion_file(source), fusion_file(target))


def retriever_for(
    config: Config, index: Index, kind: EvidenceKind, targets: Int64[np.ndarray, " target"], seed: int
) -> Retrieves:
    """What finds the evidence of an arm."""
    retriever = Retriever(index, retrieval_settings(config), targets)
    match kind:
        case "none":
            return NoRetrieval()
        case "random-passages":
            return RandomPassages(retriever, seed)
        case "retrieved" | "shuffled-graph":
            return retriever


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
    """
    graph, hide = index.graph, hidden_relations(config, index.graph)
    rankings = [task for one in loaded for task in one.source.tasks if task.head == "ranking"]
    nodes = {task.name: item_nodes(graph, task.answers) for task in rankings}
    targets = np.unique(np.concatenate([np.zeros(0, np.int64), *nodes.values()]))
    retriever = retriever_for(config, index, kind, targets[targets >= 0], seed)
    labelled = labelled_sources(loaded, index.encoder, config.retrieval.neighbours)
    readings = []
    for one, known in zip(loaded, labelled, strict=True):
        queries = [example.query for example in one.source.examples]
        found = read_queries(queries, retriever, index, reader, watch(f"reading {one.source.name}"))
        asking = [asked(example) for example in one.source.examples]
        readings.append(found if known is None else known.add(found, asking, kind, seed))
    beside = {
        name: [neighbours(graph, node, hide) for node in items.tolist()]
        for name, items in nodes.items()
        if kind != "none"
    }
    met = [
        learned_entities(*_trained(one, found), one.source.tasks, config.model.frequent)
        if "ids" in config.model.features
        else np.zeros(0, np.int64)
        for one, found in zip(loaded, readings, strict=True)
    ]
    trained = [reading for one, found in zip(loaded, readings, strict=True) for reading in _trained(one, found)[0]]
    read = [reading for one in readings for reading in one]
    used = used_nodes(
        read, [items[items >= 0] for items in nodes.values()] + [near for found in beside.values() for near in found]
    )
    described = node_vectors(graph, used, index.encoder, hide, watch("encoding nodes"))
    facts = learn_facts(config.model, graph, trained, hide)
    tables = fact_tables(graph, facts, used, hide)
    vectors = [
        Vectors(described, ids, index.dense.vectors, *tables, known.table if known else None)
        for ids, known in zip(id_tables(len(graph.nodes), met), labelled, strict=True)
    ]
    items = {
        name: item_table(nodes[name], one.seen[name], seen_by, beside.get(name))
        for one, seen_by in zip(loaded, vectors, strict=True)
        for name in one.seen
    }
    signals = [
        {name: item_signals(name, one.signals[name], nodes[name], index, hide, kind) for name in one.signals}
        for one in loaded
    ]
    assemblies = tuple(
        Assembly(one.source, found, seen_by, given)
        for one, found, seen_by, given in zip(loaded, readings, vectors, signals, strict=True)
    )
    return Material(assemblies, tuple(met), items, segment_scale(trained), index, facts)


def _trained(one: Loaded, readings: Sequence[Reading]) -> tuple[list[Reading], list[Example]]:
    """The training examples of a source, and what was read about them."""
    rows = one.source.positions("train").tolist()
    return [readings[row] for row in rows], [one.source.examples[row] for row in rows]


def hidden_relations(config: Config, graph: KnowledgeGraph) -> frozenset[int]:
    """Relations that state a label of some task: no description of a node may show them."""
    found = (graph.relations.find(iri) for task in config.tasks for iri in task.hide)
    return frozenset(relation for relation in found if relation is not None)


def item_nodes(graph: KnowledgeGraph, answers: Sequence[str]) -> Int64[np.ndarray, " item"]:
    """The node of each item; -1 for those that the graph does not know."""
    found = (graph.nodes.find(iri) for iri in answers)
    return np.array([-1 if node is None else node for node in found], np.int64)


def item_signals(
    task: str,
    signals: Signals,
    nodes: Int64[np.ndarray, " item"],
    index: Index,
    hide: frozenset[int],
    kind: EvidenceKind,
) -> ItemSignals:
    """The collaborative signals of a ranking, and what knowledge says of its items (zeros in arms without).

    Args:
        task: Name of the ranking.
        signals: The collaborative signals.
        nodes: Node of each item; -1 where the graph does not know it.
        index: Where evidence is from.
        hide: Relations that must not be seen.
        kind: Which evidence the arm reads.
    """
    columns = np.full(len(index.graph.nodes), -1, np.int64)
    columns[nodes[nodes >= 0]] = np.flatnonzero(nodes >= 0)
    knows = kind != "none" and len(nodes) <= MOST_ITEMS
    alike = Neighbours.of(task, "alike in the graph", adamic_adar(index.graph, nodes, hide)) if knows else None

    def compute(
        examples: Sequence[Example], evidence: Sequence[Evidence | None]
    ) -> Float32[np.ndarray, "example item signal"]:
        collaborative = signals.compute(examples)
        found = evidence_signals(evidence, columns, len(nodes), index.corpus.entities_of)
        near = np.zeros_like(found) if alike is None else np.stack(alike.scores(examples), axis=2)
        return np.concatenate([collaborative, near * SIMILARITY_SCALE, found * EVIDENCE_SCALE], axis=2)

    return ItemSignals(compute, signals.context)


def new_model(config: Config, material: Material, tasks: Sequence[str], seed: int) -> tuple[Model, ModelSize]:
    """A model for some tasks, with fresh weights, and its size."""
    seed_everything(seed)
    heads = {
        task.name: head_size(task, material, assembly)
        for assembly in material.only(tasks)
        for task in assembly.source.tasks
    }
    size = ModelSize(
        text_dim=material.assemblies[0].vectors.nodes.shape[1],
        segment_dim=len(material.scale[0]),
        relations=len(material.index.graph.relations),
        ids=sum(map(len, material.entities)),
        settings=config.model,
        heads=heads,
        groups={task.name: n for n, one in enumerate(material.only(tasks)) for task in one.source.tasks},
        facts=material.facts,
        labels=sum(len(task.answers) for one in material.assemblies for task in one.source.tasks)
        if any(one.vectors.labelled for one in material.assemblies)
        else 0,
    )
    model = build_model(size, material.items)
    model.text.standardise(*(torch.from_numpy(numbers) for numbers in material.scale))
    return model, size


def head_size(task: Task, material: Material, assembly: Assembly) -> HeadSize:
    """The size of a task's head."""
    match task.head:
        case "class" | "labels":
            return HeadSize(kind=task.head, answers=len(task.answers), votes=bool(assembly.vectors.node_ids.any()))
        case "ranking":
            batch = assembly.batch([0])
            starts = [GATE_START] * batch.signals[task.name].shape[2]
            return ranking_size(material.items[task.name], starts, batch.contexts[task.name].shape[1])
