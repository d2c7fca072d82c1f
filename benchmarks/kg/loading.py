"""Loading, memory, size at rest, reopening and growth, on the first lines of the lexicon.

    python -m benchmarks.kg.loading --data ../shared/data

Each measurement runs in a process of its own, after the compiled code was loaded; the best of a few repeats counts, and
the peers run beside in the same way. Memory is the highest resident set while loading, less the one before and less the
one after (the graph).
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyoxigraph
import rdflib

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf

Row = dict[str, object]

FORMATS = {
    "turtle": ("ttl", pyoxigraph.RdfFormat.TURTLE),
    "trig": ("trig", pyoxigraph.RdfFormat.TRIG),
    "xml": ("rdf", pyoxigraph.RdfFormat.RDF_XML),
    "json-ld": ("jsonld", pyoxigraph.RdfFormat.JSON_LD),
}
SIZES = (100_000, 1_000_000, 10_000_000)
_REPEATS, _OTHERS, _WARM = 3, 300_000, '<http://x/a> <http://x/p> <http://x/b> , "x"@en .'


def rows(data: Path, *, repeats: int = _REPEATS) -> list[Row]:
    """All figures about loading."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {size: _lines(data, folder, size) for size in SIZES}
        found = [*_triples(files, repeats), *_formats(files[1_000_000], folder, repeats)]
        return [*found, *_rest(data / "lexicon" / "oewn.nt.gz", files[1_000_000], folder)]


def _lines(data: Path, folder: Path, size: int) -> Path:
    """The first lines of the lexicon; beyond 10⁶ they are copied, with other names in each copy."""
    path, part = folder / f"{size}.nt", min(size, 1_000_000)
    with gzip.open(data / "lexicon" / "oewn.nt.gz") as file:
        content = b"".join(itertools.islice(file, part))
    with path.open("wb") as target:
        for copy in range(size // part):
            renamed = content.replace(b"<https://en-word.net/", b"<https://en-word.net/%d/" % copy)
            target.write(renamed.replace(b"_:f", b"_:c%df" % copy) if copy else content)
    return path


def _triples(files: dict[int, Path], repeats: int) -> list[Row]:
    found = []
    for size, path in files.items():
        for threads in (1, 2, 4):
            best = _best(path, "scan", threads, repeats if size <= 1_000_000 else 1)
            arm, slice_ = f"scan, threads {threads}", f"{size} lines"
            found += [_row("load", slice_, arm, name, value * (size if name == "rate" else 1)) for name, value in best]
    for lane in ("rdflib peer", "pyoxigraph and a dictionary"):
        found += [
            _row("load", "1000000 lines", lane, name, value * (1_000_000 if name == "rate" else 1))
            for name, value in _best(files[1_000_000], lane, 1, 1)
        ]
    return found


def _formats(lines: Path, folder: Path, repeats: int) -> list[Row]:
    found = []
    for name, (ending, kind) in FORMATS.items():
        path = folder / f"some.{ending}"
        with lines.open("rb") as file:
            quads = pyoxigraph.parse(b"".join(itertools.islice(file, _OTHERS)), pyoxigraph.RdfFormat.N_TRIPLES)
            named = kind.supports_datasets
            pyoxigraph.serialize((quad if named else quad.triple for quad in quads), str(path), kind)
        best = _best(path, "pyoxigraph", 1, repeats)
        found += [_row("load", name, "pyoxigraph lane", k, v * (_OTHERS if k == "rate" else 1)) for k, v in best]
    return found


def _rest(whole: Path, million: Path, folder: Path) -> list[Row]:
    found = []
    for slice_, path in (("1000000 lines", million), ("whole lexicon", whole)):
        graph, place = read_rdf(path), folder / "saved"
        count = len(graph) + len(graph.literals)
        graph.save(place)
        size = sum(file.stat().st_size for file in place.iterdir())
        found.append(_row("at rest", slice_, "ragmtl", "bytes_per_triple", size / count))
        found.append(_row("reopen", slice_, "ragmtl", "milliseconds", min(_reopened(place) for _ in range(5)) * 1e3))
    return found


def _reopened(place: Path) -> float:
    start = time.perf_counter()
    graph = KnowledgeGraph.load(place)
    graph.label(len(graph.nodes) // 2)
    return time.perf_counter() - start


def _best(path: Path, lane: str, threads: int, repeats: int) -> list[tuple[str, float]]:
    """Loads per second (times the statements: the rate), and extra memory in megabytes, of the best repeat."""
    command = [sys.executable, "-m", "benchmarks.kg.loading", "--one", str(path), lane, str(threads)]
    runs = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(repeats)]
    best = min(runs, key=lambda run: float(run["seconds"]))
    return [
        ("rate", 1 / best["seconds"]),
        ("seconds", best["seconds"]),
        ("processor_seconds", best["processor"]),
        ("extra_peak_mb", best["peak"] - best["before"] - max(best["after"] - best["before"], 0)),
        ("peak_mb", best["peak"]),
    ]


def _one(path: Path, lane: str, threads: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        warm = Path(name) / f"warm{path.suffix}"
        lines = pyoxigraph.parse(_WARM, pyoxigraph.RdfFormat.TURTLE)
        kind = pyoxigraph.RdfFormat.from_extension(path.suffix[1:]) or pyoxigraph.RdfFormat.N_TRIPLES
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
    if lane == "rdflib peer":
        return _dictionary(rdflib.Graph().parse(str(path), format="nt"))
    if lane == "pyoxigraph and a dictionary":
        return _dictionary(quad.triple for quad in pyoxigraph.parse(path=str(path)))
    return read_rdf(path, lane=lane, threads=threads)  # type: ignore[arg-type]


def _dictionary(triples: object) -> object:
    terms: dict[object, int] = {}
    found = [tuple(terms.setdefault(term, len(terms)) for term in triple) for triple in triples]  # type: ignore[attr-defined]
    return terms, found


def _resident(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def _row(task: str, slice_: str, arm: str, metric: str, value: float) -> Row:
    named = {"data": "lexicon", "task": task, "slice": slice_, "split": "all", "arm": arm, "metric": metric}
    return named | {"value": value, "low": None, "high": None, "seeds": []}


def main() -> None:
    """Print the rows, or the measurement of one load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--one", nargs=3)
    given = parser.parse_args()
    if given.one:
        path, lane, threads = given.one
        print(json.dumps(_one(Path(path), lane, int(threads))))
    else:
        print(json.dumps(rows(given.data), indent=1))


if __name__ == "__main__":
    main()
