"""Loading, memory, size at rest, reopening and growth, on the first lines of the lexicon.

Each measurement runs in a process of its own, after the compiled code was loaded; the best of a few repeats counts, and
the peers run beside in the same way. Extra memory is the highest resident set while loading, less the one before and
less what the graph takes afterwards.
"""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import deque
from functools import partial
from pathlib import Path

import pyoxigraph
import rdflib

from benchmarks.kg.row import Row, first_lines, lexicon_file, row_of, timed
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf

FORMATS = {
    "turtle": ("ttl", pyoxigraph.RdfFormat.TURTLE),
    "trig": ("trig", pyoxigraph.RdfFormat.TRIG),
    "xml": ("rdf", pyoxigraph.RdfFormat.RDF_XML),
    "json-ld": ("jsonld", pyoxigraph.RdfFormat.JSON_LD),
}
MILLION = 1_000_000
SIZES = (100_000, MILLION, 10 * MILLION)
_REPEATS, _OTHERS, _FILES = 5, 300_000, 4
_WARM = '<http://x/a> <http://x/p> <http://x/b> , "x"@en .'


def rows(data: Path, *, repeats: int = _REPEATS) -> list[Row]:
    """All figures about loading.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        repeats: How many times each is measured, up to 10⁶ triples; beyond, twice.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        million = first_lines(data, folder / "1000000.nt", MILLION)
        found = _lines(million, folder, repeats)
        found += _several(million, folder / "several", repeats)
        found += _formats(million, folder, repeats)
        return found + _rest(lexicon_file(data), million, folder)


def _lines(million: Path, folder: Path, repeats: int) -> list[Row]:
    """N-Triples of three sizes, and the peers on 10⁶ triples."""
    found = []
    for size in SIZES:
        path = million if size == MILLION else _resized(million, folder / f"{size}.nt", size)
        for threads in (1, 2, 4) if size == MILLION else (1, 2):
            best = _best(path, "scan", threads, size, repeats if size <= MILLION else 2)
            found += [row_of("load", f"{size} triples", f"ragmtl, threads {threads}", *figure) for figure in best]
        if size > MILLION:
            path.unlink()
    for lane in ("rdflib", "pyoxigraph and a dictionary"):
        found += [row_of("load", f"{MILLION} triples", lane, *figure) for figure in _best(million, lane, 1, MILLION, 1)]
    return found


def _resized(million: Path, target: Path, size: int) -> Path:
    """The first lines of a file, or copies of all, with other names in each copy."""
    with million.open("rb") as file:
        content = b"".join(itertools.islice(file, size))
    with target.open("wb") as copies:
        for copy in range(max(size // MILLION, 1)):
            renamed = content.replace(b"<https://en-word.net/", b"<https://en-word.net/%d/" % copy)
            copies.write(renamed.replace(b"_:f", b"_:c%df" % copy) if copy else content)
    return target


def _several(million: Path, folder: Path, repeats: int) -> list[Row]:
    """The same triples in several packed files."""
    folder.mkdir()
    with million.open("rb") as file:
        for number in range(_FILES):
            with gzip.open(folder / f"{number}.nt.gz", "wb", compresslevel=6) as packed:
                packed.writelines(itertools.islice(file, MILLION // _FILES))
    found = []
    for threads in (1, 2, 4):
        best = _best(folder, "", threads, MILLION, repeats)
        found += [row_of("load", f"{_FILES} packed files", f"ragmtl, threads {threads}", *figure) for figure in best]
    return found


def _formats(million: Path, folder: Path, repeats: int) -> list[Row]:
    """The other formats, beside pyoxigraph alone and rdflib.

    The JSON-LD is in expanded form; `lane="pyoxigraph"` is how any other form of it is read.
    """
    found = []
    for name, (ending, kind) in FORMATS.items():
        path = folder / f"some.{ending}"
        with million.open("rb") as file:
            quads = pyoxigraph.parse(b"".join(itertools.islice(file, _OTHERS)), pyoxigraph.RdfFormat.N_TRIPLES)
            named = kind.supports_datasets
            pyoxigraph.serialize((quad if named else quad.triple for quad in quads), str(path), kind)
        for arm, lane, times in (
            ("ragmtl", "", repeats),
            ('ragmtl, lane="pyoxigraph"', "pyoxigraph", repeats if name == "json-ld" else 0),
            ("pyoxigraph, parse only", "pyoxigraph, parse only", repeats),
            ("rdflib", "rdflib", 1),
        ):
            if times:
                found += [row_of("load", name, arm, *figure) for figure in _best(path, lane, 1, _OTHERS, times)]
        path.unlink()
    return found


def _rest(whole: Path, million: Path, folder: Path) -> list[Row]:
    """Bytes on disk with all texts, and how long opening a graph anew takes, a label included."""
    small = _resized(million, folder / "small.nt", 100_000)
    run = _run(small, "rdflib, its graph only", 1)
    kept = (run["after"] - run["before"]) * (1 << 20) / 100_000
    found = [row_of("at rest", "100000 triples", "rdflib, in memory", "bytes_per_triple", kept)]
    for slice_, path in ((f"{MILLION} triples", million), ("whole lexicon", whole)):
        graph, place = read_rdf(path), folder / "saved"
        graph.save(place)
        size = sum(file.stat().st_size for file in place.iterdir())
        each = size / (len(graph) + len(graph.literals))
        found.append(row_of("at rest", slice_, "ragmtl", "bytes_per_triple", each))
        found.append(row_of("reopen", slice_, "ragmtl", "milliseconds", timed(partial(_reopened, place), 7)[1] * 1e3))
    return found


def _reopened(place: Path) -> str:
    graph = KnowledgeGraph.load(place)
    return graph.label(len(graph.nodes) // 2)


def _best(path: Path, lane: str, threads: int, size: int, repeats: int) -> list[tuple[str, float]]:
    """Rate, seconds and memory in megabytes of the best repeat."""
    best = min((_run(path, lane, threads) for _ in range(repeats)), key=lambda run: run["seconds"])
    return [
        ("rate", size / best["seconds"]),
        ("seconds", best["seconds"]),
        ("processor_seconds", best["processor"]),
        ("extra_peak_mb", best["peak"] - max(best["after"], best["before"])),
        ("peak_mb", best["peak"]),
        ("peak_over_before_mb", best["peak"] - best["before"]),
    ]


def _run(path: Path, lane: str, threads: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.kg.loading", str(path), lane, str(threads)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def _one(path: Path, lane: str, threads: int) -> dict[str, float]:
    """One measurement, after a small file was read the same way."""
    with tempfile.TemporaryDirectory() as name:
        warm = Path(name) / (f"warm{path.suffix}" if path.is_file() else "warm.nt")
        lines = pyoxigraph.parse(_WARM, pyoxigraph.RdfFormat.TURTLE)
        kind = pyoxigraph.RdfFormat.from_extension(warm.suffix[1:]) or pyoxigraph.RdfFormat.N_TRIPLES
        pyoxigraph.serialize((q if kind.supports_datasets else q.triple for q in lines), str(warm), kind)
        _load(warm, lane, threads)
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest resident set so far
    before, start, processor = _resident("VmRSS"), time.perf_counter(), time.process_time()
    kept = _load(path, lane, threads)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    found = {"seconds": seconds, "processor": processor, "before": before}
    found |= {"peak": _resident("VmHWM"), "after": _resident("VmRSS")}
    del kept
    return found


def _load(path: Path, lane: str, threads: int) -> object:
    match lane:
        case "rdflib":
            return _dictionary(_rdflib(path))
        case "rdflib, its graph only":
            return _rdflib(path)
        case "pyoxigraph and a dictionary":
            return _dictionary(quad.triple for quad in pyoxigraph.parse(path=str(path)))
        case "pyoxigraph, parse only":
            return deque(pyoxigraph.parse(path=str(path)), 0)
        case _:
            return read_rdf(path, lane=lane or None, threads=threads)  # type: ignore[arg-type]


def _rdflib(path: Path) -> rdflib.Graph:
    """A graph, or a dataset where the format knows named graphs."""
    named = path.suffix in (".trig", ".jsonld")
    return (rdflib.Dataset() if named else rdflib.Graph()).parse(str(path))


def _dictionary(statements: object) -> object:
    terms: dict[object, int] = {}
    found = [tuple(terms.setdefault(term, len(terms)) for term in parts) for parts in statements]  # type: ignore[attr-defined]
    return terms, found


def _resident(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    print(json.dumps(_one(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
