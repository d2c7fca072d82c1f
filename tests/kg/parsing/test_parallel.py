"""Several files, several threads: the graph, the report and the error are those of one thread."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing import apart, scan
from ragmtl.kg.parsing.apart import Errand, Helper, Result
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.parsing.reading import Options, Progress
from tests.kg.parsing.test_lanes import FILES
from tests.kg.parsing.test_scan import arrays

THREADS = (1, 2, 5)
LINE = "<http://x/a> <http://x/p> <http://x/b> .\n"


def many(folder: Path, lines: int = 40_000) -> list[Path]:
    """A file of each format, which share terms and names of blank nodes, and a packed one of many blocks."""
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    text, link = '_:n{} <http://x/p{}> "{}"@en .\n', "_:n{} <http://x/p> <http://x/a> .\n"
    rows = (text.format(at % 977, at % 3, at % 501) + link.format(at % 13) for at in range(lines))
    with gzip.open(folder / "z.nt.gz", "wt") as file:
        file.writelines(rows)
    return sorted(folder.iterdir())


def said(graph: KnowledgeGraph) -> tuple[object, ...]:
    return graph.digest, arrays(graph), graph.report, graph.sources, graph.labels[0]


def test_threads_change_nothing(tmp_path: Path) -> None:
    files = many(tmp_path)
    found = [said(read_rdf(files, threads=threads, on_error="skip")) for threads in THREADS]
    assert found[0] == found[1] == found[2]
    assert len(found[0][3]) == len(FILES) + 1  # type: ignore[arg-type]


def test_files_read_by_other_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = many(tmp_path, 100)
    expected, told = said(read_rdf(files, on_error="skip")), dict[str, int]()
    read: list[str] = []
    reading = Helper.read

    def noted(helper: Helper, errand: Errand, tell: Progress) -> Result:
        read.append(errand.path.name)
        return reading(helper, errand, tell)

    monkeypatch.setattr(apart, "WORTHWHILE", 0)
    monkeypatch.setattr(Helper, "read", noted)
    found = read_rdf(files, threads=2, on_error="skip", progress=told.__setitem__)
    assert said(found) == expected
    assert told == {str(path): source.statements for path, source in zip(files, found.sources, strict=True)}
    assert sorted(read) == ["a.jsonld", "a.n3", "a.rdf", "a.trig", "a.ttl"]


def test_errors_of_other_processes_are_those_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {"a.ttl": LINE, "b.ttl": f"{LINE}<http://x/a> <b> .", "c.ttl": "wrong"}.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(apart, "WORTHWHILE", 0)
    found = []
    for threads in (1, 2):
        with pytest.raises(DataError) as caught:
            read_rdf(tmp_path, threads=threads)
        found.append((str(caught.value), caught.value.line))
    assert found[0] == found[1]
    assert found[0][1] == 2


def test_a_process_that_dies_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ttl").write_text(LINE)
    monkeypatch.setattr(apart, "COMMAND", "import os; os._exit(9)")
    with (
        closing(Helper()) as helper,
        pytest.raises(DataError, match=r"a\.ttl: expected the process .* ended \(with 9"),
    ):
        helper.read(Errand(tmp_path / "a.ttl", "turtle", 0, None, Options()), lambda *_: None)


def test_in_every_lane_threads_change_nothing(tmp_path: Path) -> None:
    for name in ("b.nq", "a.nq", "c.nq"):
        (tmp_path / name).write_text(FILES["a.nq"], encoding="utf-8")
    for lane in (None, "scan", "pyoxigraph", "rdflib"):
        found = [said(read_rdf(tmp_path, threads=threads, lane=lane)) for threads in THREADS]
        assert found[0] == found[1] == found[2], lane


pieces = st.lists(
    st.sampled_from([LINE, LINE.replace("/a>", "/c>"), '<http://x/a> <x> "\n', "_:a <http://x/p> _:b .\n"])
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["nt", "ttl"]), pieces), min_size=2, max_size=5))
def test_the_first_file_that_is_wrong_is_named(
    tmp_path_factory: pytest.TempPathFactory, contents: list[tuple[str, list[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    for number, (ending, lines) in enumerate(contents):
        (folder / f"{number}.{ending}").write_text("".join([LINE, *lines]))
    found: set[object] = set()
    for threads in THREADS:
        try:
            found.add(read_rdf(folder, threads=threads).digest)
        except DataError as error:
            found.add((str(error), error.line))
    assert len(found) == 1


def test_a_wrong_file_does_not_wait_for_those_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: Counter[str] = Counter()
    taking = scan.Parts.next

    def counted(parts: scan.Parts) -> tuple[int, int, bytes] | None:
        taken[parts.reading.path.name] += 1
        return taking(parts)

    monkeypatch.setattr(scan.Parts, "next", counted)
    (tmp_path / "a.nt").write_text("wrong\n")
    for name in ("b.nt", "c.nt", "d.nt", "e.nt"):
        (tmp_path / name).write_text(LINE * 200_000)
    with pytest.raises(DataError, match=r"a\.nt"):
        read_rdf(tmp_path, threads=2)
    assert taken["d.nt"] == taken["e.nt"] == 0


def test_a_file_of_lines_is_read_by_all_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: set[str] = set()
    both = threading.Barrier(2, timeout=60)
    reading = scan.read_parts

    def noted(parts: scan.Parts, builder: object) -> None:
        if (name := threading.current_thread().name) not in readers:
            readers.add(name)
            both.wait()
        reading(parts, builder)  # type: ignore[arg-type]

    monkeypatch.setattr(scan, "read_parts", noted)
    (tmp_path / "a.nt").write_text(LINE)
    assert len(read_rdf(tmp_path / "a.nt", threads=2)) == 1
    assert len(readers) == 2


@pytest.mark.parametrize("threads", THREADS)
def test_progress_ends_with_the_count_of_each_file(tmp_path: Path, threads: int) -> None:
    files = many(tmp_path)
    told: dict[str, int] = {}
    graph = read_rdf(files, threads=threads, progress=told.__setitem__)
    assert told == {str(path): source.statements for path, source in zip(files, graph.sources, strict=True)}
    assert told[str(files[-1])] == 80_000


@pytest.mark.parametrize("threads", THREADS)
def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, threads: int) -> None:
    many(tmp_path)

    def change(path: str, _: int) -> None:
        if path.endswith("z.nt.gz"):
            (tmp_path / "z.nt.gz").touch()

    with pytest.raises(DataError, match="changed while it was read"):
        read_rdf(tmp_path, threads=threads, progress=change)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_ends_the_reading_from_outside_ends_all_threads(tmp_path: Path, threads: int) -> None:
    many(tmp_path)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        read_rdf(tmp_path, threads=threads, progress=end)
    assert threading.active_count() == before


def test_there_is_at_least_one_thread(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected 1 thread or more, found threads=0"):
        read_rdf(tmp_path, threads=0)
