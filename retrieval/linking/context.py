"""What a text means where a name has several bearers, and which triples it speaks of.

    share of a bearer ∝ share by degree · (1 + 4 · words + 8 · graph)

`words`: how much of what the text says besides is said of the bearer's neighbours too; `graph`: whether other entities
that the text names are its neighbours (1) or have one in common with it (1/2). A relation that the text names leads on
from an entity that it names: "the spouse of Ada" is about the other end of Ada's triples of that relation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64, UInt8

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.terrain import shown_relations
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.linking.tokens import STOP_WORDS, hashes, tokenise
from ragmtl.retrieval.routes.routes import edges_from
from ragmtl.retrieval.searched import Searched
from ragmtl.retrieval.settings import Linking

_WORDS, _GRAPH, _COMMON_NEIGHBOUR = 4.0, 8.0, 0.5
_MOST_EDGES, _MOST_LABELS, _MOST_OTHERS, _MOST_ENDS = 256, 24, 32, 8
"""How much is looked at: edges of a node, labels of neighbours, names of a text; ends of one relation."""
_THROUGH_TRIPLE = 0.5


@runtime_checkable
class TellsNames(Protocol):
    """What tells names from words, such as a `Tagger`."""

    def __call__(self, text: str, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """Those mentions of a text that are names."""
        ...


def aid_for(index: Searched, linking: Linking) -> NameVectors | TellsNames | None:
    """What helps the linker: the vectors of names for "full", the tagger that is kept beside the index for "tagged".

    Raises:
        MismatchError: No tagger was learned, or there is no place where it could be.
    """
    if linking == "full":
        return index.names()
    if linking != "tagged":
        return None
    from ragmtl.retrieval.tagging.tagger import Tagger, tagger_folder

    if index.directory is None:
        raise MismatchError('expected an index on disk, for linking = "tagged", found one in memory only')
    return Tagger.load(tagger_folder(index.directory), index.encoder.name)


def mentions_in(
    text: str,
    graph: KnowledgeGraph,
    linker: Linker,
    linking: Linking,
    hide: frozenset[int] = frozenset(),
    aid: NameVectors | TellsNames | None = None,
) -> tuple[Mention, ...]:
    """What a text names.

    Args:
        text: The text.
        graph: Whose nodes are named.
        linker: Finds names.
        linking: How much is done; see `RetrievalSettings`.
        hide: Ids of relations that must not be read.
        aid: Finds names by meaning too, for "full"; tells names from words, for "tagged" (see `aid_for`).
    """
    match linking:
        case "exact":
            return linker.link(text)
        case "fuzzy":
            return linker.link(text, fuzzy=True)
        case "tagged":
            found = linker.link(text, fuzzy=True)
            return found if aid is None or isinstance(aid, NameVectors) else aid(text, found)
    mentions = resolved(graph, text, linker.link(text, fuzzy=True), hide)
    if isinstance(aid, NameVectors):
        mentions = (*mentions, *aid.find(text, mentions))
    every = (*mentions, *through_triples(graph, text, mentions, hide))
    weighed = divided_by_commonness(graph, every)
    return tuple(sorted(weighed, key=lambda mention: (mention.start, -mention.weight, mention.node)))


def resolved(
    graph: KnowledgeGraph, text: str, mentions: Sequence[Mention], hide: frozenset[int] = frozenset()
) -> tuple[Mention, ...]:
    """Mentions in which names of several nodes are shared anew, by what the text says besides.

    Args:
        graph: Whose nodes are named.
        text: What names them.
        mentions: As the linker gives them.
        hide: Ids of relations that must not be read.
    """
    shown = shown_relations(graph, hide)
    spans: dict[tuple[int, int], list[Mention]] = {}
    for mention in mentions:
        spans.setdefault((mention.start, mention.end), []).append(mention)
    if all(len(bearers) == 1 for bearers in spans.values()):
        return tuple(mentions)
    sure = [bearers[0].node for bearers in spans.values() if len(bearers) == 1][:_MOST_OTHERS]
    near = {node: set(_beside(graph, node, shown).tolist()) for node in sure}
    words = _content(text)
    known: dict[tuple[tuple[int, float], ...], list[Mention]] = {}
    found: list[Mention] = []
    for (start, end), bearers in spans.items():
        key = tuple((mention.node, mention.weight) for mention in bearers)
        if len(bearers) > 1 and key not in known and len(known) < _MOST_OTHERS:
            known[key] = _shared(graph, bearers, (words - _content(text[start:end]), near), shown)
        found += [replace(mention, start=start, end=end) for mention in known.get(key, bearers)]
    return tuple(sorted(found, key=lambda mention: (mention.start, -mention.weight, mention.node)))


def through_triples(
    graph: KnowledgeGraph, text: str, mentions: Sequence[Mention], hide: frozenset[int] = frozenset()
) -> tuple[Mention, ...]:
    """Mentions of what triples lead to whose relation and one end the text names.

    The text must hold all words of the relation. The weight is half of that of the named end, divided by how many
    triples of the relation lead on from there; the stretch of text is that of the named end.
    """
    shown = shown_relations(graph, hide)
    named = {mention.node for mention in mentions}
    found: list[Mention] = []
    words_of_text = _content(text)
    for mention in list(mentions)[:_MOST_OTHERS]:
        besides = words_of_text - _content(text[mention.start : mention.end])
        edges = edges_from(graph, np.array([mention.node], np.int64), shown, _MOST_EDGES)
        for code in np.unique(edges.codes).tolist():
            words = _content(graph.relation_label(code >> 1))
            ends = [end for end in np.unique(edges.along(code).ends).tolist() if end not in named]
            if not words or not words <= besides or not 0 < len(ends) <= _MOST_ENDS:
                continue
            weight = round(_THROUGH_TRIPLE * mention.weight / len(ends), 6)
            how = f"by a triple: {graph.relation_label(code >> 1)} of {graph.label(mention.node)}"
            found += [Mention(mention.start, mention.end, end, weight, how) for end in ends]
    return tuple(found)


def divided_by_commonness(graph: KnowledgeGraph, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """Mentions with weights divided by how common the node is: log₂(2 + degree), against the least of all mentions."""
    if not mentions:
        return ()
    commonness = [log2(2 + graph.degree(mention.node)) for mention in mentions]
    least = min(commonness)
    return tuple(
        replace(mention, weight=round(mention.weight * least / common, 6))
        for mention, common in zip(mentions, commonness, strict=True)
    )


def _shared(
    graph: KnowledgeGraph,
    bearers: list[Mention],
    besides: tuple[set[int], dict[int, set[int]]],
    shown: UInt8[np.ndarray, " relations"],
) -> list[Mention]:
    """The bearers of one name, shared anew; `besides`: other words of the text, neighbours of others that it names."""
    words, near = besides
    scores, signs = [], []
    for mention in bearers:
        beside = _beside(graph, mention.node, shown)
        spoken = len(words & _words_about(graph, beside)) / max(len(words), 1) if words else 0.0
        linked = max((_nearness(mention.node, set(beside.tolist()), *other) for other in near.items()), default=0.0)
        scores.append(mention.weight * (1.0 + _WORDS * spoken + _GRAPH * linked))
        signs.append("near other entities of the text" if linked else "the text speaks of its neighbours")
    total, weight = sum(scores), sum(mention.weight for mention in bearers)
    if not total:
        return bearers
    found = []
    for mention, score, sign in zip(bearers, scores, signs, strict=True):
        of = f"{mention.how}; one of {len(bearers)} of this name" + (f": {sign}" if score > mention.weight else "")
        found.append(replace(mention, weight=round(weight * score / total, 6), how=of))
    return found


def _nearness(node: int, beside: set[int], other: int, others: set[int]) -> float:
    if other in beside or node == other:
        return 1.0
    return _COMMON_NEIGHBOUR if beside & others else 0.0


def _beside(
    graph: KnowledgeGraph, node: int, shown: UInt8[np.ndarray, " relations"]
) -> Int64[np.ndarray, " neighbours"]:
    """Some of the neighbours of a node, each once."""
    return np.unique(edges_from(graph, np.array([node], np.int64), shown, _MOST_EDGES).ends)


def _words_about(graph: KnowledgeGraph, beside: Int64[np.ndarray, " neighbours"]) -> set[int]:
    """Words in the labels of neighbours, those of few edges first: they say most."""
    degrees = np.diff(graph.outgoing.indptr)[beside] + np.diff(graph.incoming.indptr)[beside]
    few = beside[np.argsort(degrees, kind="stable")[:_MOST_LABELS]]
    return set[int]().union(*(_content(graph.label(int(node))) for node in few))


def _content(text: str) -> set[int]:
    """Hashes of the words of a text that are no stop words, plurals as what they may be the plural of."""
    words = [word for word in tokenise(text).words if word not in STOP_WORDS]
    forms = hashes(words)
    single = np.where(forms[1] > 0, forms[1], forms[0]) if len(words) else np.zeros(0, np.uint64)
    return set(single.tolist())
