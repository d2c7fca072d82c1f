"""Damaged arrays are refused before a compiled loop sees them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragmtl.errors import Error, MismatchError
from ragmtl.kg.changes.infer import infer
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.looking.look import look
from ragmtl.kg.vocabulary import RDFS, SAME
from ragmtl.kg.walks.components import components
from ragmtl.kg.walks.walk import k_hop, pagerank

TRIPLES: list[Triple] = [
    *((f"a:{number}", f"a:p{number % 3}", f"a:{number * 7 % 20}") for number in range(20)),
    *((f"a:{number}", RDFS + "label", Literal(f"nämé {number}", language="en")) for number in range(9)),
    ("a:1", "a:p0", Literal("1", "http://www.w3.org/2001/XMLSchema#integer")),
    ("a:1", SAME, "a:other"),
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("whole") / "graph"
    infer(KnowledgeGraph.from_triples(TRIPLES), ["same_as"]).with_changes(TRIPLES[:21], source="other").save(place)
    return place


def arrays(saved: Path) -> list[str]:
    return sorted(path.name for path in saved.glob("*.npy"))


def use(graph: KnowledgeGraph) -> None:
    for node in range(len(graph.nodes)):
        graph.describe(node)
    look(graph)
    components(graph, strong=True)
    pagerank(graph, [0], [1.0])
    k_hop(graph, [1], hops=3, budget=10)
    graph.query("SELECT * { ?a <a:p0> ?b . ?b ?p ?c }")
    graph.with_changes(add=[("a:a", "a:b", "a:c")])


def test_every_array_is_looked_at(saved: Path) -> None:
    checked = [name for name in arrays(saved) if not name.endswith(".blob.npy")]
    assert len(checked) > 15
    for name in checked:
        path = saved / name
        content = path.read_bytes()
        size = np.load(path).nbytes
        path.write_bytes(content[: len(content) - size] + b"\x7f" * size)
        with pytest.raises(MismatchError, match=f"{re.escape(name)}: expected the arrays of one graph"):
            KnowledgeGraph.load(saved)
        path.write_bytes(content)
    KnowledgeGraph.load(saved, verify=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_are_damaged_it_is_an_error_or_a_graph(saved: Path, data: st.DataObject) -> None:
    path = saved / data.draw(st.sampled_from([*arrays(saved), "manifest.json"]))
    content = path.read_bytes()
    damaged = bytearray(content)
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        damaged[at] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    try:
        use(KnowledgeGraph.load(saved))
    except Error:
        pass
    finally:
        path.write_bytes(content)


def test_arrays_of_another_graph_are_refused(saved: Path, tmp_path: Path) -> None:
    KnowledgeGraph.from_triples([("a:a", "a:b", "a:c"), ("a:a", "a:b", Literal("x"))]).save(tmp_path / "other")
    for name in sorted({*arrays(tmp_path / "other")} & {*arrays(saved)}):
        content = (saved / name).read_bytes()
        foreign = (tmp_path / "other" / name).read_bytes()
        (saved / name).write_bytes(foreign)
        if foreign != content:
            with pytest.raises(MismatchError, match=re.escape(name)):
                KnowledgeGraph.load(saved)
        (saved / name).write_bytes(content)
