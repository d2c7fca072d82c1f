"""A small world for all tests of retrieval: dishes, spices and places."""

from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.index import Index

X = "http://x/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ALTERNATIVE = "http://www.w3.org/2004/02/skos/core#altLabel"

TRIPLES = [
    ("sumac", "typicalOf", "Levant"),
    ("zaatar", "contains", "sumac"),
    ("zaatar", "contains", "thyme"),
    ("zaatar", "typicalOf", "Levant"),
    ("fattoush", "contains", "sumac"),
    ("fattoush", "contains", "bread"),
    ("fattoush", "typicalOf", "Levant"),
    ("paella", "contains", "smokedPaprika"),
    ("paella", "contains", "rice"),
    ("paella", "typicalOf", "Spain"),
    ("romesco", "contains", "smokedPaprika"),
    ("romesco", "contains", "almond"),
    ("romesco", "typicalOf", "Spain"),
    ("gazpacho", "contains", "tomato"),
    ("gazpacho", "typicalOf", "Spain"),
    ("ratatouille", "contains", "tomato"),
    ("ratatouille", "typicalOf", "France"),
    ("heat1995", "setIn", "Spain"),
    ("heat1986", "setIn", "France"),
]
LABELS = {
    "smokedPaprika": "smoked paprika",
    "zaatar": "za'atar",
    "heat1995": "Heat (1995 film)",
    "heat1986": "Heat (1986 film)",
    "almond": "almonds",
    "Spain": "Spain",
    "France": "France",
    "Levant": "The Levant Coast",
}
PASSAGES = [
    Passage("p-sumac", "A sour red berry, dried and ground.", "Sumac", (X + "sumac",), "spices"),
    Passage("p-paprika", "Peppers dried over oak smoke.", "Smoked paprika", (X + "smokedPaprika",), "spices"),
    Passage("p-zaatar", "A mix of thyme, sesame and sumac for flat bread.", "", (X + "zaatar", X + "sumac")),
    Passage("p-rice", "Short grains drink up three times their volume of stock.", "Rice", (X + "rice",)),
    Passage("p-tomato", "Tomatoes came to Europe in the sixteenth century.", "", (X + "tomato",)),
    Passage("p-bread", "Stale bread is torn, toasted and dressed.", "", (X + "bread", X + "fattoush")),
    Passage("p-knife", "A sharp knife is safer than a blunt one.", "", (X + "unknownThing",)),
]


@pytest.fixture(scope="session")
def graph() -> KnowledgeGraph:
    triples: list[tuple[str, str, str | Literal]] = [(X + h, X + r, X + t) for h, r, t in TRIPLES]
    nodes = sorted({name for head, _, tail in TRIPLES for name in (head, tail)})
    triples += [(X + node, LABEL, Literal(LABELS.get(node, node), "", "en")) for node in nodes]
    triples += [(X + "smokedPaprika", ALTERNATIVE, Literal("pimentón", "", "es"))]
    triples += [(X + "sumac", X + "season", Literal("autumn")), (X + "tomato", X + "season", Literal("summer"))]
    return KnowledgeGraph.from_triples(triples)


@pytest.fixture(scope="session")
def passages() -> list[Passage]:
    return PASSAGES


@pytest.fixture(scope="session")
def corpus(graph: KnowledgeGraph) -> Corpus:
    return Corpus.of(PASSAGES, graph)


@pytest.fixture(scope="session")
def index(graph: KnowledgeGraph, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Index:
    return Index.build(graph, corpus, HashingEncoder(), tmp_path_factory.mktemp("built") / "index")
