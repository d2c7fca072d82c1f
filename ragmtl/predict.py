"""Predicting: a query in; the answer of each task out, with the evidence and how much of it counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ragmtl.assembly import Assembly
from ragmtl.build import reader_for
from ragmtl.config import TaskSection
from ragmtl.errors import DataError
from ragmtl.facts import fact_tables
from ragmtl.gather import hidden_relations, item_nodes
from ragmtl.item_signals import item_signals
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint
from ragmtl.labelled import labelled_sources
from ragmtl.learned import id_tables
from ragmtl.models.batch import Vectors
from ragmtl.models.model import Outputs
from ragmtl.prediction import (
    Answer,
    ExampleView,
    MentionView,
    NodeView,
    PassageView,
    Prediction,
    Score,
    TripleView,
    Vote,
)
from ragmtl.read import node_vectors, read_queries, used_nodes
from ragmtl.retrieval.evidence import Evidence, Within
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieving import retrieval_settings
from ragmtl.run import Run
from ragmtl.tasks.answer import Asked
from ragmtl.tasks.base import CHOICES, Source, Task
from ragmtl.tasks.recommendation.recommend import RankingTask, ask

SHOWN_VOTES = 6


class Predictor:
    """Answers queries with a trained run.

    Args:
        run: The run.
        tasks: The tasks of its tables, with the signals of rankings.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.index = run.index
        self.reader = reader_for(run.config, run.index)
        self._hidden = hidden_relations(run.config, run.index.graph)
        loaded = run.loaded
        self._sources = [one.source.tasks for one in loaded]
        self._labelled = labelled_sources(loaded, run.index.encoder, run.config.retrieval.neighbours)
        self._ids = id_tables(len(run.index.graph.nodes), run.entities)
        self.tasks: dict[str, Task] = {task.name: task for one in loaded for task in one.source.tasks}
        nodes = {name: item_nodes(run.index.graph, task.answers) for name, task in self.tasks.items()}
        self._signals = {
            name: item_signals(name, one.signals[name], nodes[name], run.index, self._hidden, "retrieved")
            for one in loaded
            for name in one.signals
        }
        rankings = [nodes[name] for name, task in self.tasks.items() if task.head == "ranking"]
        targets = np.unique(np.concatenate([np.zeros(0, np.int64), *rankings]))
        self.retriever = Retriever(run.index, retrieval_settings(run.config), targets[targets >= 0])
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
        query = replace(query, hide=query.hide | self._hide)
        assemblies, evidence = self._read(query)
        able = self._answerable(query)
        read = [self._outputs(assembly, able) for assembly in assemblies]
        answers = [
            self._voted(self._answer(task, outputs, assembly), task, outputs, assembly)
            for assembly, outputs in zip(assemblies, read, strict=True)
            for task in assembly.source.tasks
            if task.name in able and outputs is not None
        ]
        first = next(((one, outputs) for one, outputs in zip(assemblies, read, strict=True) if outputs), None)
        if first is not None:
            evidence = first[0].readings[0].evidence or evidence
        shown = show_evidence(evidence, self.index, first and first[1])
        return replace(shown, answers=tuple(answers), run=str(self.run.folder))

    def _outputs(self, assembly: Assembly, able: Collection[str]) -> Outputs | None:
        """What the model says on the tasks of a source; None where none of them can be answered."""
        wanted = [task.name for task in assembly.source.tasks if task.name in able]
        if not wanted:
            return None
        with torch.inference_mode():
            found: Outputs = self.run.model(assembly.batch([0]), wanted)
        return found

    def recommend(
        self, items: Sequence[str], *, text: str = "", task: str | None = None, top: int = 10
    ) -> tuple[Score, ...]:
        """Rank all items but those given.

        Raises:
            DataError: An item is unknown, the run has no such ranking, or there is nothing to rank them by.
        """
        ranking = self._ranking(task)
        name = ranking.name
        if not (items or text.strip()):
            raise DataError("expected the IRIs of some items, a text, or both; found neither")
        if not items and name in self._logs():
            raise DataError(
                f"expected the IRIs of some items, for {name!r} learned from a log of them; found only a text"
            )
        check_entities(items, self.index.graph)
        assemblies, _ = self._read(Query(text=text, history=tuple(items), hide=self._hide))
        assembly = next(one for one in assemblies if ranking in one.source.tasks)
        with torch.inference_mode():
            outputs = self.run.model(assembly.batch([0]), [name])
        return ranking.ranked(outputs.heads[name][0].numpy(), self._asked(ranking, assembly))[:top]

    def _ranking(self, task: str | None) -> RankingTask:
        rankings = {name: found for name, found in self.tasks.items() if isinstance(found, RankingTask)}
        if task is None and len(rankings) == 1:
            return next(iter(rankings.values()))
        if task not in rankings:
            found = "none was named" if task is None else f"found {task!r}"
            known = ", ".join(rankings) or "(this run has none)"
            raise DataError(f"expected a ranking task, one of: {known}; {found}")
        return rankings[task]

    def _logs(self) -> set[str]:
        return {task.name for task in self.run.config.tasks if task.kind == "recommend"}

    def _answerable(self, query: Query) -> set[str]:
        """Tasks that the query has the input for: rankings of a log need a history, the others a text or an entity."""
        logs = self._logs()
        return {
            name
            for name in self.tasks
            if (query.history if name in logs else query.text or query.entities or query.history)
        }

    def _read(self, query: Query) -> tuple[list[Assembly], Evidence]:
        """Everything the model reads about a query, as each source of tasks has it read."""
        graph = self.index.graph
        readings = read_queries([query], self.retriever, self.index, self.reader)
        evidence = readings[0].evidence
        if evidence is None:
            raise TypeError("a retriever gives evidence for every query")
        used = used_nodes(readings, [])
        described = node_vectors(graph, used, self.index.encoder, self._hidden)
        tables = fact_tables(graph, self.run.size.facts, used, self._hidden)
        assemblies = []
        for tasks, ids, known in zip(self._sources, self._ids, self._labelled, strict=True):
            signals = {task.name: self._signals[task.name] for task in tasks if task.name in self._signals}
            vectors = Vectors(described, ids, self.index.dense.vectors, *tables, known.table if known else None)
            found = readings if known is None else known.add(readings, [query])
            assemblies.append(Assembly(Source.of("query", [ask(query, tasks)], tasks), found, vectors, signals))
        return assemblies, evidence

    def _answer(self, task: Task, outputs: Outputs, assembly: Assembly) -> Answer:
        return task.answer(outputs.heads[task.name][0].float().numpy(), self._asked(task, assembly))

    def _asked(self, task: Task, assembly: Assembly) -> Asked:
        graph, name = self.index.graph, task.name
        warmth = self.run.temperatures.get(name, 1.0)
        return Asked(assembly.source.examples[0], partial(_name, graph), self.run.thresholds.get(name), warmth)

    def _voted(self, answer: Answer, task: Task, outputs: Outputs, assembly: Assembly) -> Answer:
        """An answer with the strongest votes of entities on what was chosen."""
        evidence = assembly.readings[0].evidence
        if (
            task.head not in CHOICES or evidence is None
        ):  # nobody votes there, and a batch would compute its signals anew
            return answer
        votes = self.run.model.votes_of(task.name, assembly.batch([0]), outputs.fused)
        if votes is None:
            return answer
        graph, nodes = self.index.graph, evidence.subgraph.nodes.tolist()
        found = [
            Vote(name, graph.nodes[node], graph.label(node), value)
            for name in answer.chosen
            for node, value in zip(nodes, votes[:, task.answers.index(name)].tolist(), strict=True)
            if value
        ]
        strongest = sorted(found, key=lambda vote: (-abs(vote.value), vote.iri, vote.answer))
        return replace(answer, votes=tuple(strongest[:SHOWN_VOTES]))


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


def show_evidence(evidence: Evidence, index: Index | Within, outputs: Outputs | None = None) -> Prediction:
    """What was retrieved, readable; with attention where a model has read it."""
    passages, nodes, examples, none = _attention(evidence, outputs)
    return Prediction(
        query=evidence.query,
        answers=(),
        passages=_passages(evidence, index, passages),
        nodes=_nodes(evidence, index.graph, nodes),
        triples=_triples(evidence, index.graph),
        mentions=tuple(
            MentionView(found.start, found.end, index.graph.nodes[found.node], index.graph.label(found.node), found.how)
            for found in evidence.mentions
        ),
        no_evidence=none,
        notes=evidence.notes,
        examples=tuple(
            ExampleView(one.example.id, one.example.text, one.example.labels, one.score, one.reason, weight)
            for one, weight in zip(evidence.neighbours, examples, strict=True)
        ),
    )


def _attention(evidence: Evidence, outputs: Outputs | None) -> tuple[list[float], list[float], list[float], float]:
    """The attention of passages, nodes and labelled examples, and what went to no evidence."""
    counts = len(evidence.passages), len(evidence.subgraph.nodes), len(evidence.neighbours)
    if outputs is None:
        return [0.0] * counts[0], [0.0] * counts[1], [0.0] * counts[2], 0.0
    fused = outputs.fused
    passages, examples = fused.passage_weights[0].tolist(), fused.neighbour_weights[0].tolist()
    return passages[: counts[0]], fused.node_weights.tolist(), examples[: counts[2]], float(fused.no_evidence[0])


def _passages(evidence: Evidence, index: Index | Within, attention: Sequence[float]) -> tuple[PassageView, ...]:
    corpus = index.corpus
    views = []
    for found, weight in zip(evidence.passages, attention, strict=True):
        at, sources = found.passage, _plain(found.sources)
        place = (corpus.ids[at], corpus.titles[at], corpus.texts[at])
        views.append(PassageView(*place, found.score, sources, found.reason, weight))
    return tuple(views)


def _plain(sources: Mapping[str, float]) -> dict[str, float]:
    return {name: float(score) for name, score in sources.items()}


def _nodes(evidence: Evidence, graph: KnowledgeGraph, attention: Sequence[float]) -> tuple[NodeView, ...]:
    subgraph = evidence.subgraph
    rows = zip(
        subgraph.nodes.tolist(),
        subgraph.scores.tolist(),
        subgraph.seeds.tolist(),
        evidence.reasons,
        attention,
        strict=True,
    )
    return tuple(
        NodeView(graph.nodes[node], graph.label(node), score, seed, reason, weight)
        for node, score, seed, reason, weight in rows
    )


def _triples(evidence: Evidence, graph: KnowledgeGraph) -> tuple[TripleView, ...]:
    subgraph = evidence.subgraph
    rows = zip(
        subgraph.triples.tolist(),
        subgraph.heads.tolist(),
        subgraph.tails.tolist(),
        subgraph.relations.tolist(),
        subgraph.weights.tolist(),
        evidence.triple_reasons or [""] * len(subgraph.triples),
        strict=True,
    )
    views = []
    for triple, head, tail, relation, weight, reason in rows:
        origin = graph.origin(triple)
        name = (graph.relations[relation], graph.relation_label(relation))
        views.append(TripleView(head, tail, *name, weight, origin.source, origin.graph, reason))
    return tuple(views)


def _name(graph: KnowledgeGraph, iri: str) -> str:
    node = graph.nodes.find(iri)
    return iri if node is None else graph.label(node)
