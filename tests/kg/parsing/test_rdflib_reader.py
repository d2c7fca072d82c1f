from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rdflib

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.rdflib_reader import parse_file
from ragmtl.kg.parsing.reading import BLANK_RELATIONS, FORMULAS, Reading

INTEGER = "http://www.w3.org/2001/XMLSchema#integer"


def read(path: Path, name: str) -> tuple[KnowledgeGraph, Reading]:
    reading = Reading(GraphBuilder(), path, 0)
    parse_file(reading, name)
    return reading.builder.build(), reading


def test_several_threads_keep_literals_as_written(tmp_path: Path) -> None:
    line = f'<http://x/a> <http://x/p> "+00{{}}"^^<{INTEGER}> .\n'
    for number in range(4):
        (tmp_path / f"{number}.ttl").write_text("".join(line.format(place) for place in range(2000)))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: read(tmp_path / f"{number}.ttl", "turtle")[0], range(4)))
    assert all(text.startswith("+00") for graph in found for text in graph.literals.texts)
    assert rdflib.NORMALIZE_LITERALS


def test_what_is_no_triple_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.n3").write_text("<http://x/a> <http://x/p> <http://x/b> . <http://x/a> [] 1 . { } => { } .")
    graph, reading = read(tmp_path / "a.n3", "n3")
    assert len(graph) == 1
    assert dict(reading.left_out.counts()) == {FORMULAS: 1, BLANK_RELATIONS: 1}


def test_errors_of_the_library_are_errors_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("<http://x/a> <http://x/p>\n\n<http://x/b")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.ttl", "turtle")
    assert caught.value.line is not None
