"""`python -m benchmarks.retrieval --data ../shared/data`: the figures of retrieval, written to `result.json`.

Parts: passages (2wiki, scifact), others and untouched (the same defaults elsewhere), pathquestion (subgraphs), linking.
With `--only` the rows of the other parts stay as they are.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.result import Row, load, save
from benchmarks.retrieval import linking, others, passages, pathquestion, untouched
from ragmtl.report import commit

PARTS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "passages": lambda options: passages.rows(options.data, options.work),
    "others": lambda options: others.rows(options.data, options.work),
    "untouched": lambda options: untouched.rows(options.data, options.work),
    "pathquestion": lambda options: pathquestion.rows(options.data, seeds=range(options.seeds)),
    "linking": lambda options: linking.rows(options.data),
}
TASKS = {
    "passages": "passages",
    "others": others.TASK,
    "untouched": untouched.TASK,
    "pathquestion": pathquestion.TASK,
    "linking": linking.TASK,
}
"""The task that the rows of each part state."""


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    with tempfile.TemporaryDirectory() as temporary:
        options.work = options.work or Path(temporary)
        options.work.mkdir(parents=True, exist_ok=True)
        for part in options.only or PARTS:
            run(part, options)


def run(part: str, options: argparse.Namespace) -> None:
    """Run one part, and put its rows in the place of the ones that were there."""
    began = time.monotonic()
    new = PARTS[part](options)
    minutes = (time.monotonic() - began) / 60
    rows, notes = load(options.out)
    kept = [row for row in rows if row.get("task") != TASKS[part]]
    notes = [note for note in notes if not note.startswith(f"{part}:")]
    notes.append(f"{part}: {minutes:.1f} minutes at commit {commit(Path(__file__).parent)}")
    save(options.out, "python -m benchmarks.retrieval --data ../shared/data", [*kept, *new], sorted(notes))
    for row in new:
        print("{data:14} {slice:24} {split:6} {arm:28} {metric:24} {value:8.3f} [{low:.3f}, {high:.3f}]".format(**row))


def read_options() -> argparse.Namespace:
    """Where the data is, which parts to run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "result.json")
    parser.add_argument("--work", type=Path, help="where indexes and vectors are kept; a temporary folder if not given")
    parser.add_argument("--only", nargs="+", choices=list(PARTS))
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds what is learned is trained with")
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    main()
