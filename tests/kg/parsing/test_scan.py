from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import Lane, read_rdf

P = "<http://x/p>"
names = st.sampled_from(
    ["<http://x/a>", "<http://x/é>", "_:a", "_:b.c", "<urn:x:%20>", "<http://[::1]/>", "<http://x/\\u00e9>"]
)
texts = st.sampled_from(
    ['"a"', '"é"@en', '"a"@EN', '"a"@de-Latn-AT', '"\\n\\u0041\\""', '"01"^^<http://x/t>', '"a"^^<x:y>', '""']
)
graphs = st.sampled_from(["", " <http://x/g>", " <http://x/h>"])
gaps = st.sampled_from([" ", "\t", "  "])
lines = st.lists(st.tuples(names, gaps, names | texts, graphs), min_size=1, max_size=30)


def arrays(graph: KnowledgeGraph) -> list[list[int] | list[str]]:
    found = [getattr(graph, name).tolist() for name in ("heads", "relation_ids", "tails", "origin_ids")]
    found += [graph.literals.nodes.tolist(), graph.literals.origin_ids.tolist(), graph.further.rows.tolist()]
    return [*found, list(graph.nodes), list(graph.literals.texts), [str(origin) for origin in graph.origins]]


def write(folder: Path, content: str, name: str = "a.nq") -> Path:
    (folder / name).write_bytes(content.encode())
    return folder / name


@settings(max_examples=60)
@given(lines)
def test_the_scanner_and_pyoxigraph_give_the_same_arrays(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str]]
) -> None:
    content = "".join(f"{head}{gap}{P}{gap}{tail}{graph} .\n# é\n" for head, gap, tail, graph in rows)
    file = write(tmp_path_factory.mktemp("scan"), content)
    found = [read_rdf(file, lane="scan"), read_rdf(file, lane="pyoxigraph"), read_rdf(file, lane="rdflib")]
    assert len({graph.digest for graph in found}) == 1
    assert arrays(found[0]) == arrays(found[1]) == arrays(found[2])
    assert [graph.report.statements for graph in found] == [len(rows)] * 3


def test_threads_change_nothing(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    numbers = generator.integers(0, 5000, (60_000, 2)).tolist()
    rows = (
        f"_:n{one} {P} {f'_:n{two}' if one % 3 else f'{two}'.join(chr(34) * 2)} <http://x/g{one % 4}> .\n"
        for one, two in numbers
    )
    file = write(tmp_path, "".join(rows))
    one, two = read_rdf(file), read_rdf(file, threads=2)
    assert one.digest == two.digest
    assert arrays(one) == arrays(two)


def test_a_skipped_line_leaves_no_term_behind(tmp_path: Path) -> None:
    content = f'<http://x/a> {P} <http://x/b> .\n<http://x/c> <http://x/q> "lost .\n<http://x/d> {P} "kept"@en .\n'
    graph = read_rdf(write(tmp_path, content, "a.nt"), on_error="skip")
    assert list(graph.nodes) == ["http://x/a", "http://x/b", "http://x/d"]
    assert list(graph.relations) == ["http://x/p"]
    assert [count for _, count in graph.report.left_out] == [1]


def test_a_bad_line_far_down_is_named(tmp_path: Path) -> None:
    content = f"<http://x/a> {P} <http://x/b> .\n" * 50_000 + f"<http://x/a> {P} <b> .\n"
    for threads in (1, 2):
        with pytest.raises(DataError) as caught:
            read_rdf(write(tmp_path, content, "a.nt"), threads=threads)
        assert caught.value.line == 50_001


def test_lines_without_their_end_are_read_quickly(tmp_path: Path) -> None:
    content = "<http://x/a " * 20_000 + "\n" + '<http://x/a> <http://x/p> "\n' * 20_000
    with pytest.raises(DataError):
        read_rdf(write(tmp_path, content, "a.nt"))


@pytest.mark.parametrize("lane", [None, "scan", "pyoxigraph", "rdflib"])
def test_a_lone_carriage_return_ends_a_comment(tmp_path: Path, lane: Lane | None) -> None:
    good = f"# a comment\r<http://x/a> {P} <http://x/b> .\n"
    assert len(read_rdf(write(tmp_path, good, "a.nt"), lane=lane)) == 1
    with pytest.raises(DataError) as caught:
        read_rdf(write(tmp_path, good + "# a comment\rwrong\n", "a.nt"), lane=lane)
    assert caught.value.line == 2
