"""Predicting: queries in; the answer of each task out, with the evidence and how much of it counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from ragmtl.answering import Said, answers
from ragmtl.assembly import Assembly, ItemSignals
from ragmtl.compare import EvidenceKind
from ragmtl.config import TaskSection
from ragmtl.described import DescribedNodes
from ragmtl.errors import DataError
from ragmtl.facts import number_table, type_table
from ragmtl.gather import answering, every_node, hidden_relations, item_nodes
from ragmtl.item_signals import item_signals
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint
from ragmtl.labelled import labelled_sources
from ragmtl.learned import id_tables
from ragmtl.models.batch import Reading, Vectors
from ragmtl.prediction import Prediction, Score
from ragmtl.read import read_queries, used_nodes
from ragmtl.retrieval.controls import NoRetrieval
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import Retriever, Retrieves
from ragmtl.retrieval.query import Query
from ragmtl.retrieving import retrieval_settings
from ragmtl.run import Run
from ragmtl.showing import Attention, bare, show_evidence
from ragmtl.tasks.answer import SHOWN_ITEMS
from ragmtl.tasks.base import Source, Task
from ragmtl.tasks.link import may_have
from ragmtl.tasks.recommendation.recommend import RankingTask, ask
from ragmtl.threads import one_thread
from ragmtl.wide import wide_signals
from ragmtl.words import word_signals

_RETRIEVERS = 8
_RECENT = 1024
"""Texts whose vectors stay in memory."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is asked of a run, where that is not everything as it was trained.

    Attributes:
        tasks: Names of the tasks to answer; all that the query has the input for where None.
        passages, nodes: The most of each in the evidence; as the run was trained where None.
        knowledge: Whether evidence is retrieved; what the model learned from knowledge stays.
        shown: How many items of a ranking are kept.
        evidence: Whether answers come with the passages and the subgraph that they are from.
    """

    tasks: frozenset[str] | None = None
    passages: int | None = None
    nodes: int | None = None
    knowledge: bool = True
    shown: int = SHOWN_ITEMS
    evidence: bool = True


AS_TRAINED = Choices()


class Predictor:
    """Answers queries with a trained run, for one thread at a time; what is asked leaves no trace on disk.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self.reader = _unwritten(run.reader)
        index = replace(run.index, encoder=_unwritten(run.index.encoder))
        self.run = replace(run, index=index)
        self.index = index
        self.hidden = hidden_relations(run.config, index.graph)
        loaded = run.loaded
        self._sources = [one.source.tasks for one in loaded]
        self._links = {name: links for one in loaded for name, links in one.links.items()}
        self._collaborative = {name: found for one in loaded for name, found in one.signals.items()}
        self._labelled = labelled_sources(loaded, index.encoder, run.config.retrieval.neighbours)
        self._ids = id_tables(len(index.graph.nodes), run.entities)
        self._types = type_table(index.graph, run.size.facts, self.hidden) if run.size.facts.types else None
        self._described = DescribedNodes(index.graph, index.encoder, self.hidden)
        self.tasks: dict[str, Task] = {task.name: task for tasks in self._sources for task in tasks}
        self._items = {name: item_nodes(index.graph, task.answers) for name, task in self.tasks.items()}
        self._signals = self._signals_with("retrieved")
        rankings = [self._items[name] for name, task in self.tasks.items() if task.head == "ranking"]
        targets = np.unique(np.concatenate([np.zeros(0, np.int64), *rankings]))
        self._targets = targets[targets >= 0]
        self.retriever = Retriever(index, retrieval_settings(run.config), self._targets)
        self._others: dict[tuple[int, int, bool], Retriever] = {}
        self._hide = frozenset(iri for task in run.config.tasks for iri in task.hide)

    @classmethod
    def load(cls, folder: str | Path, kinds: Sequence[type[TaskSection]] = ()) -> Predictor:
        """Open a run for predicting; `kinds` are tasks of one's own that it was trained on.

        Raises:
            DataError: A table cannot be used.
            MismatchError: The folder holds no run, or one that does not fit its index.
        """
        return cls(Run.load(folder, kinds))

    def __call__(self, query: Query) -> Prediction:
        """Answer every task; relations that state a label stay hidden."""
        return self.many([query])[0]

    def many(self, queries: Sequence[Query], choices: Choices = AS_TRAINED) -> list[Prediction]:
        """Answer several queries together: their texts are encoded, and the model runs, once for all of them.

        Args:
            queries: What is asked.
            choices: What of it is answered, and from how much evidence.

        Raises:
            DataError: A task is named that the run does not have.
        """
        self.check_tasks(choices.tasks)
        if not queries:
            return []
        able = [self.answerable(query) for query in queries]
        assemblies = self.read(queries, choices, frozenset().union(*able))
        said = [self._said(assembly, able, choices) for assembly in assemblies]
        answered = [
            (one, answers(self.run, one, task, choices.shown))
            for one in said
            if one is not None
            for task in one.assembly.source.tasks
            if task.name in one.outputs.heads and (choices.tasks is None or task.name in choices.tasks)
        ]
        predictions = []
        for row in range(len(queries)):
            own = [(one, found[row]) for one, found in answered if row in found]
            by = own[0][0] if own else None
            evidence = (by.assembly if by else assemblies[0]).readings[row].evidence
            if evidence is None:
                raise TypeError("a retriever gives evidence for every query")
            attention = by.attention(row) if by else Attention.none_for(evidence)
            shown = show_evidence(evidence, self.index, attention) if choices.evidence else bare(evidence, attention)
            predictions.append(replace(shown, answers=tuple(one for _, one in own), run=str(self.run.folder)))
        return predictions

    def evidence(self, queries: Sequence[Query], choices: Choices = AS_TRAINED) -> list[Evidence]:
        """What is retrieved for some queries; relations that state a label stay hidden."""
        return self._retriever(choices).many([replace(query, hide=query.hide | self._hide) for query in queries])

    def recommend(
        self, items: Sequence[str], *, text: str = "", task: str | None = None, top: int = 10
    ) -> tuple[Score, ...]:
        """Rank all items but those given; raises what `wanted` raises."""
        query, name = self.wanted(items, text, task)
        return self.many([query], Choices(tasks=frozenset({name}), shown=top))[0].answers[0].scores

    def wanted(self, items: Sequence[str], text: str, task: str | None) -> tuple[Query, str]:
        """What a recommendation asks, and of which ranking.

        Raises:
            DataError: An item is unknown, the run has no such ranking, or there is nothing to rank them by.
        """
        name = self._ranking(task)
        if not (items or text.strip()):
            raise DataError("expected the IRIs of some items, a text, or both; found neither")
        if not items and name in self._logs:
            raise DataError(
                f"expected the IRIs of some items, for {name!r} learned from a log of them; found only a text"
            )
        check_entities(items, self.index.graph)
        return Query(text=text, history=tuple(items)), name

    def check_tasks(self, names: Collection[str] | None) -> None:
        """Refuse tasks that the run does not have.

        Raises:
            DataError: One is unknown.
        """
        if unknown := sorted(set(names or ()) - set(self.tasks)):
            raise DataError(f"expected tasks among {', '.join(self.tasks)}; found {', '.join(map(repr, unknown))}")

    def _ranking(self, task: str | None) -> str:
        names = [name for name, found in self.tasks.items() if isinstance(found, RankingTask)]
        if task is None and len(names) == 1:
            return names[0]
        if task not in names:
            found = "none was named" if task is None else f"found {task!r}"
            raise DataError(f"expected a ranking task, one of: {', '.join(names) or '(this run has none)'}; {found}")
        return task

    @cached_property
    def _logs(self) -> frozenset[str]:
        return frozenset(task.name for task in self.run.config.tasks if task.kind == "recommend")

    @property
    def signals(self) -> Mapping[str, ItemSignals]:
        """By ranking, what is computed of its items for a query."""
        return self._signals

    def answerable(self, query: Query) -> frozenset[str]:
        """Tasks that a query has the input for.

        Rankings of a log need a history, links an entity that may have them, others a text or an entity.
        """
        return frozenset(name for name in self.tasks if self._has_input(name, query))

    def _has_input(self, name: str, query: Query) -> bool:
        if name in self._links:
            node = self.index.graph.nodes.find(query.entities[0]) if query.entities else None
            return node is not None and may_have(self._links[name], self.index.graph, node)
        if self.tasks[name].head == "spans":
            return bool(query.text.strip())
        return bool(query.history if name in self._logs else query.text or query.entities or query.history)

    def _said(self, assembly: Assembly, answerable: Sequence[frozenset[str]], choices: Choices) -> Said | None:
        """What the model says to those queries that a source has wanted tasks for; None where there are none."""
        names = frozenset(task.name for task in assembly.source.tasks)
        names = names if choices.tasks is None else names & choices.tasks
        able = [found & names for found in answerable]
        rows = [row for row, found in enumerate(able) if found]
        if not rows:
            return None
        batch = assembly.batch(rows)
        with torch.inference_mode(), one_thread():
            outputs = self.run.model(batch, sorted(frozenset().union(*able)))
        return Said(assembly, {row: place for place, row in enumerate(rows)}, batch, outputs)

    def read(
        self, queries: Sequence[Query], choices: Choices = AS_TRAINED, tasks: Collection[str] | None = None
    ) -> list[Assembly]:
        """Everything that the model reads about some queries, as each source of tasks has it read.

        Args:
            queries: What is asked.
            choices: From how much evidence it is answered, and which tasks are.
            tasks: Names of the tasks that can be answered; sources that have none of them are left out, but for one.
        """
        hidden = [replace(query, hide=query.hide | self._hide) for query in queries]
        wanted = [name for name in self.tasks if choices.tasks is None or name in choices.tasks]
        places = self._places(wanted if tasks is None else [name for name in wanted if name in tasks])
        ways = [self._way(self._sources[place]) for place in places]
        read = {way: self._readings(hidden, choices, *way) for way in ways}
        nodes, facts = used_nodes([one for found in read.values() for one in found], []), self.run.size.facts
        numbers = number_table(self.index.graph, facts, nodes, self.hidden) if facts.numbers else None
        described = self._described.table(nodes)
        signals = self._signals if choices.knowledge else self._signals_without
        assemblies = []
        for place, way in zip(places, ways, strict=True):
            own_tasks, ids, known = self._sources[place], self._ids[place], self._labelled[place]
            table = known.table if known else None
            vectors = Vectors(described, ids, self.index.dense.vectors, self._types, numbers, table)
            found: Sequence[Reading] = read[way]
            if known is not None and choices.knowledge:
                found = known.add(found, hidden)
            source = Source.of("query", [ask(query, own_tasks) for query in hidden], own_tasks)
            own = {task.name: signals[task.name] for task in own_tasks if task.name in signals}
            assemblies.append(Assembly(source, found, vectors, own))
        return assemblies

    def _places(self, names: Collection[str]) -> list[int]:
        """The sources that some tasks are of; the first where there are none."""
        found = [at for at, tasks in enumerate(self._sources) if any(task.name in names for task in tasks)]
        return found or [0]

    def _way(self, tasks: Sequence[Task]) -> tuple[bool, frozenset[str]]:
        """How a source of tasks is read: whether any node may answer; the relations that are predicted, and hidden."""
        links = [self._links[task.name] for task in tasks if task.name in self._links]
        relations = self.index.graph.relations
        return answering(tasks), frozenset(relations[relation] for found in links for relation in found.hidden)

    def _readings(
        self, queries: Sequence[Query], choices: Choices, everywhere: bool, hide: frozenset[str]
    ) -> list[Reading]:
        asked = [replace(query, hide=query.hide | hide) for query in queries]
        return read_queries(asked, self._retriever(choices, everywhere), self.index, self.reader)

    def _retriever(self, choices: Choices, everywhere: bool = False) -> Retrieves:
        """What finds as much evidence as is wanted, and how near the walk came to items, or to all; a few are kept."""
        if not choices.knowledge:
            return NoRetrieval()
        usual = self.retriever.settings
        passages = usual.passages if choices.passages is None else choices.passages
        nodes = usual.nodes if choices.nodes is None else choices.nodes
        if everywhere:  # one of the nodes answers: of no more than in training
            nodes = min(nodes, usual.nodes)
        elif (passages, nodes) == (usual.passages, usual.nodes):
            return self.retriever
        if (passages, nodes, everywhere) not in self._others:
            while len(self._others) >= _RETRIEVERS:
                del self._others[next(iter(self._others))]
            settings = replace(usual, passages=passages, nodes=nodes)
            targets = every_node(self.index.graph) if everywhere else self._targets
            self._others[passages, nodes, everywhere] = Retriever(self.index, settings, targets)
        return self._others[passages, nodes, everywhere]

    def _signals_with(self, kind: EvidenceKind) -> dict[str, ItemSignals]:
        found = word_signals(list(self.tasks.values()), self.index.encoder.name) | {
            name: item_signals(name, known, self._items[name], self.index, self.hidden, kind, self._links.get(name))
            for name, known in self._collaborative.items()
        }
        for one in self.run.loaded if self.run.config.model.wide else ():
            found |= wide_signals(one, self.index.graph, self.hidden, kind)
        return found

    @cached_property
    def _signals_without(self) -> dict[str, ItemSignals]:
        """The signals where no knowledge may speak."""
        return self._signals_with("none")


def _unwritten(encoder: Encoder) -> Encoder:
    return encoder.unwritten(_RECENT) if isinstance(encoder, CachedEncoder) else encoder


def as_query(asked: str, graph: KnowledgeGraph) -> Query:
    """A text, or the IRI of an entity.

    Raises:
        DataError: It looks like an IRI, but the graph has no such entity.
    """
    if graph.nodes.find(asked) is not None:
        return Query(entities=(asked,))
    if asked.startswith(("http://", "https://", "urn:")) and not any(map(str.isspace, asked)):
        check_entities([asked], graph)
    if not asked.strip():
        raise DataError("expected a text or the IRI of an entity, found nothing")
    return Query(text=asked)


def check_entities(iris: Sequence[str], graph: KnowledgeGraph) -> None:
    """Refuse entities that the graph does not have.

    Raises:
        DataError: One is unknown; the message names the nearest.
    """
    for iri in iris:
        if graph.nodes.find(iri) is None:
            hint = iri_hint(iri, graph.nodes, "see the graph for its entities")
            raise DataError(f"expected the IRI of an entity of the graph, found {iri!r}; {hint}")
