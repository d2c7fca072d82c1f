"""`python -m benchmarks.speed`: time of queries and of building, growth, and the same with networkx and rank_bm25.

Parts: build, queries (of an index that stands in `--work`, or is built), peer. Each part of each size runs in a process
of its own, on one core but for "queries per second, 2 processes", and takes less than eight minutes on two cores. With
`--only` or `--triples` the rows of what is not run stay as they are. Metrics with "cpu" are time of the processor: what
a clock shows on a machine that does nothing else. "Without the text encoder": queries bring their vectors (made up, of
256 numbers) where the search by vectors is on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Row, load, save
from benchmarks.speed.rows import derived, without

HERE = Path(__file__).parent
TRIPLES = (10_000, 100_000, 1_000_000)
PARTS = ("build", "queries", "peer")
ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}


def main() -> None:
    """Run the parts, each in a process of its own, and write `result.json` after each."""
    options = read_options()
    if options.child:
        from benchmarks.speed.measure import measure

        print(json.dumps(measure(options.child, options.triples[0], options.work)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        for triples in options.triples:
            for part in options.only:
                if part != "peer" or triples == max(options.triples):
                    run(part, triples, work, options.out / "result.json")


def run(part: str, triples: int, work: Path, out: Path) -> None:
    """Run one part of one size, and put its rows in the place of those that were there."""
    began = time.monotonic()
    words = [sys.executable, "-m", "benchmarks.speed", "--child", part, "--triples", str(triples), "--work", str(work)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_CORE)
    new: list[Row] = json.loads(done.stdout.splitlines()[-1])
    told = f"{part} of {triples:,} triples"
    rows, notes = load(out)
    notes = [note for note in notes if not note.startswith(told)]
    notes.append(f"{told}: {time.monotonic() - began:.0f} seconds; {os.getloadavg()[0]:.1f} processes ran or waited")
    save(out, "python -m benchmarks.speed", derived([*without(rows, new), *new]), sorted(notes))
    for row in new:
        print("{slice:35} {arm:32} {metric:40} {value:10.3f}".format(**row))


def read_options() -> argparse.Namespace:
    """Sizes, parts, and where to write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--triples", type=int, nargs="+", default=list(TRIPLES))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="the peer: of the largest size")
    parser.add_argument(
        "--work", type=Path, default=None, help="where indexes are kept; a temporary folder if not given"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--child", choices=PARTS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
