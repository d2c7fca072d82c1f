"""Evidence as people read it: names instead of ids, and how much each piece counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.named import named_in
from ragmtl.prediction import ExampleView, MentionView, NodeView, PassageView, Prediction, TripleView
from ragmtl.retrieval.evidence import Evidence, Within
from ragmtl.retrieval.index import Index


@dataclass(frozen=True, slots=True)
class Attention:
    """How much each piece of evidence counted, in the order of the evidence; with `nothing` it adds up to 1."""

    passages: Sequence[float]
    nodes: Sequence[float]
    examples: Sequence[float]
    nothing: float

    @classmethod
    def none_for(cls, evidence: Evidence) -> Attention:
        """No attention, where no model has read the evidence."""
        pieces = evidence.passages, evidence.subgraph.nodes, evidence.neighbours
        passages, nodes, examples = ([0.0] * len(one) for one in pieces)
        return cls(passages, nodes, examples, 0.0)


def show_evidence(evidence: Evidence, index: Index | Within, attention: Attention | None = None) -> Prediction:
    """What was retrieved, readable; what the query hides is not in the descriptions of nodes either.

    Args:
        evidence: What was retrieved.
        index: Names its nodes and passages.
        attention: How much each piece counted, where a model has read it.
    """
    given = attention or Attention.none_for(evidence)
    return Prediction(
        query=evidence.query,
        answers=(),
        passages=_passages(evidence, index, given.passages),
        nodes=_nodes(evidence, index.graph, given.nodes),
        triples=_triples(evidence, index.graph),
        mentions=tuple(
            MentionView(found.start, found.end, index.graph.nodes[found.node], index.graph.label(found.node), found.how)
            for found in evidence.mentions
        ),
        no_evidence=given.nothing,
        notes=evidence.notes,
        examples=tuple(
            ExampleView(one.example.id, one.example.text, one.example.labels, one.score, one.reason, weight)
            for one, weight in zip(evidence.neighbours, given.examples, strict=True)
        ),
    )


def bare(evidence: Evidence, attention: Attention) -> Prediction:
    """A prediction that shows nothing of its evidence but how much none of it counted."""
    return Prediction(evidence.query, (), (), (), (), (), attention.nothing, evidence.notes)


def _passages(evidence: Evidence, index: Index | Within, attention: Sequence[float]) -> tuple[PassageView, ...]:
    corpus = index.corpus
    views = []
    for found, weight in zip(evidence.passages, attention, strict=True):
        at, sources = found.passage, _plain(found.sources)
        place = (corpus.ids[at], corpus.titles[at], corpus.texts[at])
        named = named_in(place[2], corpus.entities_of(at), index.graph)
        views.append(PassageView(*place, found.score, sources, found.reason, weight, named))
    return tuple(views)


def _plain(sources: Mapping[str, float]) -> dict[str, float]:
    return {name: float(score) for name, score in sources.items()}


def _nodes(evidence: Evidence, graph: KnowledgeGraph, attention: Sequence[float]) -> tuple[NodeView, ...]:
    subgraph = evidence.subgraph
    found = (graph.relations.find(iri) for iri in evidence.query.hide)
    hide = frozenset(relation for relation in found if relation is not None)
    rows = zip(
        subgraph.nodes.tolist(),
        subgraph.scores.tolist(),
        subgraph.seeds.tolist(),
        evidence.reasons,
        attention,
        strict=True,
    )
    return tuple(
        NodeView(graph.nodes[node], graph.label(node), score, seed, reason, weight, graph.describe(node, hide=hide))
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
