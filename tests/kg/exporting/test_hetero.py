from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ragmtl.errors import MismatchError
from ragmtl.kg.exporting.hetero import load_hetero_data, save_hetero_data, to_hetero_data
from ragmtl.kg.graph import KnowledgeGraph

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
TRIPLES = [
    *((f"http://x/film{number}", TYPE, "http://x/Film") for number in range(3)),
    ("http://x/film0", TYPE, "http://x/Comedy"),
    ("http://x/ann", TYPE, "http://x/Person"),
    ("http://x/ann", "http://x/starsIn", "http://x/film2"),
    ("http://x/ann", "http://x/starsIn", "http://x/film0"),
    ("http://x/ann", "http://y/starsIn", "http://x/film0"),
    ("http://x/film0", "http://x/sequel", "http://x/film2"),
]


def test_nodes_and_edges_are_those_of_the_graph() -> None:
    graph = KnowledgeGraph.from_triples(TRIPLES)
    data = to_hetero_data(graph)
    assert data.validate()
    assert {name: [graph.label(node) for node in data[name].node_id.tolist()] for name in data.node_types} == {
        "Film": ["film0", "film1", "film2"],
        "Person": ["ann"],
        "node": ["Comedy", "Film", "Person"],
    }
    seen = set()
    for head, _, tail in data.edge_types:
        for relation in {name for one, name, other in data.edge_types if (one, other) == (head, tail)}:
            store = data[head, relation, tail]
            for (start, end), triple in zip(store.edge_index.T.tolist(), store.triple_id.tolist(), strict=True):
                expected = graph.triple(triple)
                assert int(data[head].node_id[start]) == expected[0]
                assert int(data[tail].node_id[end]) == expected[2]
                seen.add(triple)
    assert seen == set(range(len(graph)))
    assert ("Person", "stars_in", "Film") in data.edge_types
    assert ("Person", "stars_in_2", "Film") in data.edge_types, "another relation of the same name"


def test_it_is_saved_and_opened_again(tmp_path: Path) -> None:
    data = to_hetero_data(KnowledgeGraph.from_triples(TRIPLES))
    for _ in range(2):
        save_hetero_data(data, tmp_path / "out")
    again = load_hetero_data(tmp_path / "out")
    assert (again.node_types, again.edge_types) == (data.node_types, data.edge_types)
    assert again.num_nodes == data.num_nodes
    for edge in data.edge_types:
        assert torch.equal(again[edge].edge_index, data[edge].edge_index)
    assert not [path for path in (tmp_path / "out").iterdir() if path.suffix not in (".json", ".safetensors")]


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MismatchError, match="other files"):
        save_hetero_data(to_hetero_data(KnowledgeGraph.from_triples(TRIPLES)), tmp_path)
    with pytest.raises(MismatchError, match="expected saved HeteroData"):
        load_hetero_data(tmp_path)


def test_names_never_collide() -> None:
    triples = [("http://x/a", f"http://{space}/{name}", "http://x/b") for space in "xy" for name in ("p", "p 2")]
    assert len(to_hetero_data(KnowledgeGraph.from_triples(triples)).edge_types) == 4
