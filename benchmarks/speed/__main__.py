"""`python -m benchmarks.speed`: time of queries and of building, growth, and the same with networkx and rank_bm25.

Each size runs in a process of its own, on one core but for "queries per second, 2 processes". Metrics with "cpu" are
time of the processor: what a clock shows on a machine that does nothing else. "Without the text encoder": queries bring
their vectors (made up, of 256 numbers) where the search by vectors is on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.result import Row, plain_row, save

HERE = Path(__file__).parent
TRIPLES = (10_000, 100_000, 1_000_000)
ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
GROWTH = ("cpu seconds to index", "p50 cpu ms", "mb more at the peak of indexing")


def main() -> None:
    """Run all sizes, each in a process of its own, and write `result.json`."""
    options = read_options()
    if options.only is not None:
        from benchmarks.speed.measure import measure

        print(json.dumps(measure(options.only, naive=options.naive, work=options.work)))
        return
    rows: list[Row] = []
    for triples in options.triples:
        words = [sys.executable, "-m", "benchmarks.speed", "--only", str(triples)]
        words += ["--naive"] if options.naive and triples == max(options.triples) else []
        words += ["--work", str(options.work)] if options.work else []
        done = subprocess.run(words, check=True, capture_output=True, text=True, env=os.environ | ONE_CORE)
        rows += json.loads(done.stdout.splitlines()[-1])
    rows += growth(rows)
    for row in rows:
        print("{slice:35} {arm:32} {metric:40} {value:10.3f}".format(**row))
    notes = [f"{os.getloadavg()[0]:.1f} processes ran or waited at the end: other work shared the machine"]
    save(options.out / "result.json", "python -m benchmarks.speed", rows, notes)


def growth(rows: list[Row]) -> list[Row]:
    """How many times as much the next larger size takes; ten times as much is linear."""
    sizes = list(dict.fromkeys(str(row["slice"]) for row in rows))
    found = []
    for smaller, larger in zip(sizes[:-1], sizes[1:], strict=True):
        before = {(row["arm"], row["metric"]): float(str(row["value"])) for row in rows if row["slice"] == smaller}
        for row in rows:
            place = (row["arm"], row["metric"])
            if row["slice"] == larger and row["metric"] in GROWTH and before.get(place):
                times = float(str(row["value"])) / before[place]
                name = f"{row['metric']}, times that of a tenth"
                found.append(plain_row(("made up", "speed", larger, "all"), str(row["arm"]), name, times))
    return found


def read_options() -> argparse.Namespace:
    """Sizes, and where to write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--triples", type=int, nargs="+", default=list(TRIPLES))
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--naive", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--work", type=Path, default=None, help="where indexes are built for the while")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    options = parser.parse_args()
    options.naive = options.only is None if options.naive is None else options.naive
    return options


if __name__ == "__main__":
    main()
