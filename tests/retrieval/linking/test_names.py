from __future__ import annotations

from pathlib import Path

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.linking.names import Names, extend
from ragmtl.retrieval.linking.tokens import hashes


def find(names: Names, text: str) -> int:
    words = hashes(text.split())[0]
    key = words[:1]
    for place in range(1, len(words)):
        key = extend(key, words[place : place + 1])
    return int(names.find(key)[0])


def nodes(graph: KnowledgeGraph, names: Names, text: str) -> dict[str, float]:
    name = find(names, text)
    entries = range(int(names.indptr[name]), int(names.indptr[name + 1])) if name >= 0 else range(0)
    return {graph.label(int(names.nodes[entry])): float(names.shares[entry]) for entry in entries}


def test_labels_and_other_names_lead_to_their_node(graph: KnowledgeGraph) -> None:
    names = Names.of(graph)
    assert nodes(graph, names, "smoked paprika") == nodes(graph, names, "pimenton") == {"smoked paprika": 1.0}
    assert nodes(graph, names, "zaatar") == {"za'atar": 1.0}
    assert nodes(graph, names, "levant coast").keys() == nodes(graph, names, "the levant coast").keys()
    assert nodes(graph, names, "paprika") == {}


def test_a_name_without_its_qualifier_is_shared(graph: KnowledgeGraph) -> None:
    names = Names.of(graph)
    shares = nodes(graph, names, "heat")
    assert shares.keys() == {"Heat (1995 film)", "Heat (1986 film)"}
    assert 0.8 < sum(shares.values()) < 1.0
    name = find(names, "heat")
    assert sorted(names.years[names.indptr[name] : names.indptr[name + 1]].tolist()) == [1986, 1995]


def test_a_name_of_many_nodes_keeps_the_best_connected(graph: KnowledgeGraph) -> None:
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    from ragmtl.kg.graph import Literal

    triples: list[tuple[str, str, str | Literal]] = [(f"http://x/{i}", label, Literal("Ann")) for i in range(20)]
    triples += [("http://x/7", "http://x/knows", f"http://x/{i}") for i in range(20)]
    many = KnowledgeGraph.from_triples(triples)
    names = Names.of(many)
    name = find(names, "ann")
    entries = slice(int(names.indptr[name]), int(names.indptr[name + 1]))
    assert len(names.nodes[entries]) == 8
    assert many.nodes[int(names.nodes[entries][0])] == "http://x/7"
    assert np.isclose(names.shares[entries].sum(), 1.0)


def test_saved_and_loaded_they_are_the_same(graph: KnowledgeGraph, tmp_path: Path) -> None:
    names = Names.of(graph)
    names.save(tmp_path)
    loaded = Names.load(tmp_path)
    assert nodes(graph, loaded, "heat") == nodes(graph, names, "heat")
    assert np.array_equal(loaded.longest(hashes(["smoked", "rice"])[0]), [2, 1])
