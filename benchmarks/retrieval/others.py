"""Passages in other collections: how far the graph is trusted was chosen on them.

    dialogues   the last turns of a conversation about films → the Wikipedia lead of a film that is recommended next
    reviews     a review → the lead of its film
    senses      a sentence → the definition of the sense that it is an example of (the verbs of Open English WordNet)
    kitchen     a dish → the passages about its ingredients (the example that ships with ragmtl)

Graphs are RDF here, with links that rows give. Only training and validation examples are asked.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from benchmarks.result import Row, mean_row
from benchmarks.retrieval.passages import WAYS, ndcg, plain_bm25
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder, Encoder, load_encoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings

TASK = "passages of others"
PEER = "peer: bm25s"
MOST = 500
"""Questions of each collection; of more, those whose checksum is least."""

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_KITCHEN = Path(__file__).parents[2] / "examples" / "kitchen"


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and the ids of the passages that are right for it."""

    query: Query
    right: frozenset[str]


def rows(data: Path, work: Path) -> list[Row]:
    """All rows.

    Args:
        data: The folder of the collections.
        work: Where indexes and vectors are kept.
    """
    encoder = CachedEncoder(load_encoder("minilm"), work / "vectors")
    films = _films(data / "movies", encoder, work / "movies")
    found = _rows("movies", "dialogues", films, _dialogues(data / "movies", films))
    found += _rows("movies", "reviews", films, _reviews(data / "movies", films))
    found += _rows("lexicon", "senses", *senses(data / "lexicon" / "oewn.nt.gz", encoder, work / "lexicon", "-v"))
    return found + _rows("kitchen", "ingredients", *_dishes(encoder, work / "kitchen"))


def _rows(name: str, part: str, index: Index, asked: Sequence[Asked]) -> list[Row]:
    """NDCG@10 and recall@10 of each way to retrieve."""
    scores = scores_of(index, asked, WAYS)
    place = (name, TASK, part, "valid")
    return [mean_row(place, way, metric, found, ()) for way, each in scores.items() for metric, found in each.items()]


def scores_of(
    index: Index, asked: Sequence[Asked], ways: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, np.ndarray]]:
    """NDCG@10 and recall@10 of each question, for each way to retrieve and the peer."""
    few = sorted(asked, key=lambda one: crc32(one.query.text.encode()))[:MOST]
    places = {index.corpus.ids[place]: place for place in range(len(index.corpus))}
    right = [frozenset(places[identity] for identity in one.right) for one in few]
    ranked: dict[str, list[list[int]]] = {}
    for way, chosen in ways.items():
        evidence = Retriever(index, RetrievalSettings(passages=10, **chosen)).many([one.query for one in few])
        ranked[way] = [[passage.passage for passage in one.passages] for one in evidence]
    ranked[PEER] = plain_bm25(index, [one.query.text for one in few], 10)
    return {
        way: {"ndcg@10": ndcg(each, right), "recall@10": np.array(list(map(_recall, each, right)))}
        for way, each in ranked.items()
    }


def _recall(found: Sequence[int], right: frozenset[int]) -> float:
    return len(right & set(found)) / min(len(right), 10)


def _films(folder: Path, encoder: Encoder, place: Path) -> Index:
    graph = read_rdf(folder / "kg.nt.gz")
    leads = [row for row in _lines(folder / "corpus.jsonl") if row["title"]]
    passages = [Passage(row["id"], row["text"], row["title"], tuple(row["entities"])) for row in leads]
    return Index.build(graph, Corpus.of(passages, graph), encoder, place)


def _leads(index: Index) -> dict[str, str]:
    """The id of the lead about each film."""
    spoken = {identity: index.corpus.entities_of(at) for at, identity in enumerate(index.corpus.ids)}
    return {index.graph.nodes[nodes[0]]: identity for identity, nodes in spoken.items() if len(nodes)}


def _dialogues(folder: Path, index: Index) -> list[Asked]:
    leads, found = _leads(index), []
    for row in _lines(folder / "dialogues.jsonl.gz"):
        new = row["recommended"] not in row["mentioned"]
        if row["split"] == "valid" and new and row["recommended"] in leads:
            found.append(Asked(Query(" ".join(row["context"][-3:])), frozenset({leads[row["recommended"]]})))
    return found


def _reviews(folder: Path, index: Index) -> list[Asked]:
    leads = _leads(index)
    every = [row for row in _lines(folder / "reviews.jsonl.gz") if row["split"] != "test" and row["item"] in leads]
    return [Asked(Query(row["text"]), frozenset({leads[row["item"]]})) for row in every]


def senses(path: Path, encoder: Encoder, place: Path, ending: str) -> tuple[Index, list[Asked]]:
    """The concepts whose IRIs end so ("-v": verbs): definitions as passages, and the triples among them."""
    whole = read_rdf(path)
    every = [node for node in range(len(whole.nodes)) if whole.nodes[node].endswith(ending)]
    spoken = {node: _texts(whole, node) for node in every}
    chosen = [node for node in every if spoken[node].get("definition") and spoken[node].get("prefLabel")]
    is_chosen = np.zeros(len(whole.nodes), np.bool_)
    is_chosen[chosen] = True
    kept = np.flatnonzero(is_chosen[whole.heads] & is_chosen[whole.tails])
    triples: list[tuple[str, str, str | Literal]] = []
    for head, relation, tail in map(whole.triple, kept.tolist()):
        triples.append((whole.nodes[head], whole.relations[relation], whole.nodes[tail]))
    for node in chosen:
        for name in ("prefLabel", "altLabel"):
            triples += [(whole.nodes[node], _SKOS + name, Literal(text)) for text in spoken[node].get(name, ())]
    graph = KnowledgeGraph.from_triples(triples)
    passages, asked = [], []
    for node in chosen:
        iri, texts = whole.nodes[node], spoken[node]
        passages.append(Passage(iri, texts["definition"][0], texts["prefLabel"][0], (iri,)))
        asked += [Asked(Query(example), frozenset({iri})) for example in texts.get("example", ())[:1]]
    return Index.build(graph, Corpus.of(passages, graph), encoder, place), asked


def _texts(graph: KnowledgeGraph, node: int) -> dict[str, list[str]]:
    """The literals of a node by the names of their relations in SKOS."""
    found: dict[str, list[str]] = {}
    for relation, literal in graph.literals_of(node):
        found.setdefault(graph.relations[relation].removeprefix(_SKOS), []).append(literal.text)
    return found


def _dishes(encoder: Encoder, place: Path) -> tuple[Index, list[Asked]]:
    graph = read_rdf(_KITCHEN / "graph")
    corpus = Corpus.read(_KITCHEN / "passages.jsonl", graph)
    about: dict[str, set[str]] = {}
    for at in range(len(corpus)):
        for node in corpus.entities_of(at):
            about.setdefault(graph.nodes[node], set()).add(corpus.ids[at])
    parts: dict[str, set[str]] = {}
    with (_KITCHEN / "dish_ingredients.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            parts.setdefault(row["dish"], set()).update(about.get(row["ingredient"], ()))
    dishes = [row for row in _lines(_KITCHEN / "dishes.jsonl") if row["split"] != "test" and parts.get(row["dish"])]
    asked = [Asked(Query(row["text"]), frozenset(parts[row["dish"]])) for row in dishes]
    return Index.build(graph, corpus, encoder, place), asked


def _lines(path: Path) -> Iterable[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
