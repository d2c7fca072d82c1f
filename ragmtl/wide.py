"""Where the logits of classes and labels start from: linear models of words, and of neighbours in the graph.

They are the wide half of a wide and deep model (Cheng et al., 2016): fitted once, to the training examples, and read
by the model as signals, as rankings read theirs. A training example is told what is said without its own group.

words        words and pairs of words of the query's text, weighed by TF-IDF
neighbours   what the entities of the query are linked to, and by which relation; silent in arms without retrieval
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float32, Int64
from scipy import sparse

from ragmtl.assembly import ItemSignals
from ragmtl.compare import EvidenceKind
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.loaded import Loaded
from ragmtl.read import known_nodes
from ragmtl.retrieval.evidence import Evidence
from ragmtl.tasks.base import CHOICES, Example, Task, positions
from ragmtl.tasks.linear import Linear, crossed, fit_linear

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

WORDS, NEIGHBOURS = 10.0, 16.0
"""How much an error weighs in each model against the squares of its weights."""
STARTS = (0.7, 0.7)
"""How much each model counts before training."""


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """Features of texts; none where training texts share no words."""

    counted: TfidfVectorizer | None

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Words:
        from sklearn.feature_extraction.text import TfidfVectorizer

        counted = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
        try:
            return cls(counted.fit([example.query.text for example in examples]))
        except ValueError:  # no word is in two texts
            return cls(None)

    def features(self, examples: Sequence[Example]) -> sparse.csr_array:
        if self.counted is None:
            return sparse.csr_array((len(examples), 0), dtype=np.float32)
        return sparse.csr_array(self.counted.transform([example.query.text for example in examples]))


@dataclass(frozen=True, slots=True, eq=False)
class _Neighbours:
    """Features of entities: each neighbour, and each neighbour by a relation; rare ones count more, all together 1."""

    graph: KnowledgeGraph
    hide: frozenset[int]
    known: Int64[np.ndarray, " feature"]
    rarity: Float32[np.ndarray, " feature"]

    @classmethod
    def of(cls, graph: KnowledgeGraph, hide: frozenset[int], examples: Sequence[Example]) -> _Neighbours:
        empty = cls(graph, hide, np.zeros(0, np.int64), np.zeros(0, np.float32))
        met = [np.zeros(0, np.int64), *(empty._met(example) for example in examples)]
        known, counts = np.unique(np.concatenate(met), return_counts=True)
        return replace(empty, known=known, rarity=(np.log(len(examples) / (1 + counts)) + 1).astype(np.float32))

    def features(self, examples: Sequence[Example]) -> sparse.csr_array:
        met = [self._met(example) for example in examples]
        rows = np.repeat(np.arange(len(met)), [len(one) for one in met])
        flat = np.concatenate([np.zeros(0, np.int64), *met])
        columns = np.searchsorted(self.known, flat)
        kept = np.append(self.known, -1)[columns] == flat
        rows, columns = rows[kept].astype(np.int32), columns[kept].astype(np.int32)
        lengths = np.sqrt(np.bincount(rows, self.rarity[columns] ** 2, len(met))).astype(np.float32)
        values = self.rarity[columns] / lengths[rows]
        return sparse.csr_array(sparse.coo_array((values, (rows, columns)), (len(met), len(self.known))))

    def _met(self, example: Example) -> Int64[np.ndarray, " feature"]:
        """The features of an example, each once: a node, or a node beyond all nodes for each relation and direction."""
        number, found = len(self.graph.nodes), [np.zeros(0, np.int64)]
        hidden = self.hide | frozenset(known_relations(self.graph, example.query.hide))
        for node in known_nodes(self.graph, example.query.entities).tolist():
            for way, side in enumerate((self.graph.outgoing, self.graph.incoming)):
                row = side.row(node)
                others, relations = side.neighbours[row].astype(np.int64), side.relations[row].astype(np.int64)
                if hidden:
                    shown = ~np.isin(relations, sorted(hidden))
                    others, relations = others[shown], relations[shown]
                found += [others, (2 * relations + way + 1) * number + others]
        return np.unique(np.concatenate(found))


@dataclass(frozen=True, slots=True, eq=False)
class _Signal:
    """What one kind of features says about the answers of a task.

    Attributes:
        kind: Makes features.
        task: The task.
        train: Its labelled training examples.
        cost: See `WORDS`.
        model: Fitted to all of them.
        known: Their ids.
        left_out: What is said about each of them, by its id, without its group; made when one is first asked for.
    """

    kind: _Words | _Neighbours
    task: Task
    train: Sequence[Example]
    cost: float
    model: Linear
    known: frozenset[str]
    left_out: dict[str, Float32[np.ndarray, " answer"]] = field(default_factory=dict)

    @classmethod
    def fit(cls, kind: _Words | _Neighbours, task: Task, train: Sequence[Example], cost: float) -> _Signal:
        model = fit_linear(kind.features(train), _truth(task, train), cost)
        return cls(kind, task, train, cost, model, frozenset(example.id for example in train))

    def scores(self, examples: Sequence[Example]) -> Float32[np.ndarray, "example answer"]:
        """The logits of all answers for each example."""
        trained = [row for row, example in enumerate(examples) if example.split == "train" and example.id in self.known]
        if trained and not self.left_out:
            groups = [example.group for example in self.train]
            found = crossed(self.kind.features(self.train), _truth(self.task, self.train), groups, self.cost)
            self.left_out.update({one.id: row for one, row in zip(self.train, found, strict=True)})
        logits = np.zeros((len(examples), len(self.task.answers)), np.float32)
        for row in trained:
            logits[row] = self.left_out[examples[row].id]
        others = sorted(set(range(len(examples))) - set(trained))
        if others:
            logits[others] = self.model.logits(self.kind.features([examples[row] for row in others]))
        return logits


def wide_signals(
    one: Loaded, graph: KnowledgeGraph, hide: frozenset[int], kind: EvidenceKind
) -> dict[str, ItemSignals]:
    """The signals of the tasks of a source that choose among a few answers.

    Args:
        one: The source.
        graph: Where evidence is from.
        hide: Relations that must not be seen.
        kind: Which evidence the arm reads.
    """
    chosen = [task for task in one.source.tasks if task.head in CHOICES]
    return {task.name: _signals(one, task, graph, hide, kind) for task in chosen}


def _signals(one: Loaded, task: Task, graph: KnowledgeGraph, hide: frozenset[int], kind: EvidenceKind) -> ItemSignals:
    every = [one.source.examples[row] for row in one.source.positions("train").tolist()]
    train = [example for example in every if task.name in example.labels]
    words = _Signal.fit(_Words.of(train), task, train, WORDS)
    near = None if kind == "none" else _Signal.fit(_Neighbours.of(graph, hide, train), task, train, NEIGHBOURS)

    def compute(
        examples: Sequence[Example], evidence: Sequence[Evidence | None]
    ) -> Float32[np.ndarray, "example answer signal"]:
        said = words.scores(examples)
        beside = np.zeros_like(said) if near is None else near.scores(examples) * _has_nodes(evidence)[:, None]
        return np.stack([said, beside], 2).astype(np.float32)

    return ItemSignals(compute, _no_context, STARTS)


def _no_context(examples: Sequence[Example]) -> Float32[np.ndarray, "example 0"]:
    return np.zeros((len(examples), 0), np.float32)


def _has_nodes(evidence: Sequence[Evidence | None]) -> Bool[np.ndarray, " example"]:
    """Which examples see a part of the graph."""
    return np.array([one is not None and len(one.subgraph.nodes) > 0 for one in evidence], np.bool_)


def _truth(task: Task, examples: Sequence[Example]) -> Bool[np.ndarray, "example answer"]:
    truth = np.zeros((len(examples), len(task.answers)), np.bool_)
    for row, example in enumerate(examples):
        truth[row, positions(example.labels[task.name])] = True
    return truth


def known_relations(graph: KnowledgeGraph, iris: Iterable[str]) -> list[int]:
    """The relations of these IRIs that the graph has."""
    return [relation for iri in iris if (relation := graph.relations.find(iri)) is not None]
