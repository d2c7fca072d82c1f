"""Passages in collections that nothing was ever chosen by: the defaults as they are, beside plain BM25.

    publications   the title of a paper → its abstract; the graph of the AIFB institute, out of which titles are taken,
                   says who wrote it and what it is about
    adverbs        a sentence → the definition of the adverb that it is an example of (Open English WordNet)

The methods and defaults were fixed before these collections were first looked at (`docs/decisions/0022`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.result import Row, mean_row
from benchmarks.retrieval.others import PEER, Asked, scores_of, senses
from benchmarks.retrieval.passages import WAYS
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query

TASK = "passages, untouched"
_SWRC = "http://swrc.ontoware.org/ontology#"
_BASE = "http://www.aifb.uni-karlsruhe.de/"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"


def rows(data: Path, work: Path) -> list[Row]:
    """All rows.

    Args:
        data: The folder of the collections.
        work: Where indexes and vectors are kept.
    """
    encoder = CachedEncoder(load_encoder("minilm"), work / "vectors")
    found = _rows("aifb", "publications", *_publications(data / "aifb" / "aifb.n3.gz", encoder, work / "aifb"))
    words = senses(data / "lexicon" / "oewn.nt.gz", encoder, work / "adverbs", "-r")
    return found + _rows("lexicon", "adverbs", *words)


def _rows(name: str, part: str, index: Index, asked: Sequence[Asked]) -> list[Row]:
    """NDCG@10 and recall@10 of the defaults and of the peer, and how far they are apart, question by question."""
    scores = scores_of(index, asked, {"default": {}, "without graph": WAYS["without graph"]})
    place = (name, TASK, part, "all")
    found = [mean_row(place, way, metric, each, ()) for way, one in scores.items() for metric, each in one.items()]
    apart = {metric: scores["default"][metric] - scores[PEER][metric] for metric in scores[PEER]}
    return found + [mean_row(place, f"default - {PEER}", metric, each, ()) for metric, each in apart.items()]


def _publications(path: Path, encoder: Encoder, place: Path) -> tuple[Index, list[Asked]]:
    """Abstracts as passages; persons and topics keep their names, publications have none."""
    whole = read_rdf(path, base=_BASE)
    triples: list[tuple[str, str, str | Literal]] = []
    for head, relation, tail in map(whole.triple, range(len(whole.heads))):
        triples.append((whole.nodes[head], whole.relations[relation], whole.nodes[tail]))
    titles: dict[str, str] = {}
    abstracts: dict[str, str] = {}
    for node in range(len(whole.nodes)):
        iri = whole.nodes[node]
        told = {whole.relations[relation]: text for relation, text in whole.literals_of(node)}
        if name := told.get(f"{_SWRC}name"):
            triples.append((iri, _LABEL, name))
        if (title := told.get(f"{_SWRC}title")) and (abstract := told.get(f"{_SWRC}abstract")):
            titles[iri], abstracts[iri] = title.text, abstract.text
    graph = KnowledgeGraph.from_triples(triples)
    kept = {iri: text for iri, text in abstracts.items() if text.strip() and graph.nodes.find(iri) is not None}
    passages = [Passage(iri, text, "", (iri,)) for iri, text in kept.items()]
    by_title: dict[str, set[str]] = {}
    for iri in kept:
        by_title.setdefault(titles[iri], set()).add(iri)
    asked = [Asked(Query(title), frozenset(found)) for title, found in by_title.items()]
    return Index.build(graph, Corpus.of(passages, graph), encoder, place), asked
