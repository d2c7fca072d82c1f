"""Any row of changes, to a graph in memory and to one on disk, against a set of (statement, source) pairs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ragmtl.errors import DataError
from ragmtl.kg.disk.journal import compact_saved, open_changed, record
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple

nodes = st.sampled_from(["a:a", "a:b", "a:c", "_:x"])
values = st.sampled_from([Literal("1"), Literal("1", "a:d"), Literal("1", "", "en"), Literal("")])
triples = st.tuples(nodes, st.sampled_from(["a:p", "a:q"]), nodes | values)
some = st.lists(triples, max_size=4)
sources = st.sampled_from(["one", "two", "three"])


class Changes(RuleBasedStateMachine):
    """The model is a set of pairs; a graph of the same statements must have the same digest and the same sources."""

    def __init__(self) -> None:
        super().__init__()
        self.stated: set[tuple[Triple, str]] = set()
        self.folder = Path(tempfile.mkdtemp()) / "graph"

    def teardown(self) -> None:
        shutil.rmtree(self.folder.parent)

    @initialize(given=st.lists(triples, min_size=1, max_size=6))
    def start(self, given: list[Triple]) -> None:
        self.stated = {(triple, "one") for triple in given}
        self.graph = KnowledgeGraph.from_triples(given, source="one")
        self.graph.save(self.folder)

    @rule(add=some, remove=some, source=sources)
    def change(self, add: list[Triple], remove: list[Triple], source: str) -> None:
        after = {pair for pair in self.stated if pair[0] not in remove} | {(triple, source) for triple in add}
        if not after:
            with pytest.raises(DataError, match="the graph would be empty"):
                self.graph.with_changes(add, remove, source=source)
            return
        self.graph = self.graph.with_changes(add, remove, source=source)
        record(self.folder, add, remove, source=source)
        self.stated = after

    @rule(source=sources)
    def drop(self, source: str) -> None:
        after = {pair for pair in self.stated if pair[1] != source}
        if after == self.stated or not after:
            with pytest.raises(DataError, match="a source of the graph" if after else "the graph would be empty"):
                self.graph.without_source(source)
            return
        self.graph = self.graph.without_source(source)
        record(self.folder, without=[source])
        self.stated = after

    @rule()
    def compact(self) -> None:
        self.graph = self.graph.compact()
        assert compact_saved(self.folder).digest == self.graph.digest

    @rule()
    def reopen(self) -> None:
        self.graph = open_changed(self.folder)

    @precondition(lambda self: self.stated)
    @invariant()
    def is_the_same_as_read_anew(self) -> None:
        statements = sorted({triple for triple, _ in self.stated}, key=repr)
        assert self.graph.digest == KnowledgeGraph.from_triples(statements).digest
        assert pairs_of(self.graph) == self.stated


def pairs_of(graph: KnowledgeGraph) -> set[tuple[Triple, str]]:
    found: set[tuple[Triple, str]] = set()
    for row in range(len(graph)):
        head, relation, tail = graph.triple(row)
        triple = graph.nodes[head], graph.relations[relation], graph.nodes[tail]
        found |= {(triple, origin.source) for origin in graph.origins_of(row)}
    for row in range(len(graph.literals)):
        head, relation = int(graph.literals.nodes[row]), int(graph.literals.relation_ids[row])
        value = graph.nodes[head], graph.relations[relation], graph.literals[row]
        found |= {(value, origin.source) for origin in graph.literal_origins_of(row)}
    return found


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
