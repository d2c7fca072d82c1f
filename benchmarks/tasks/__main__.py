"""`python -m benchmarks.tasks`: train the tasks of each part, measure them on test, and write `result.json`.

`--only aifb` measures one part again and keeps the rows of the others.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.result import Row, load, save
from benchmarks.tasks import aifb, questions, stars, tagging

HERE = Path(__file__).parent
PARTS: Mapping[str, Callable[[Path, Path], Sequence[Row]]] = {
    "aifb": aifb.rows,
    "questions": questions.rows,
    "stars": stars.rows,
    "tagging": tagging.rows,
}
"""What each part measures, from the folder of the data and one to work in."""


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    for part in options.only:
        found = PARTS[part](options.data, options.work / part)
        merge(options.out / "result.json", found)
        for row in found:
            print(f"{row['task']:10} {row['slice']:12} {row['arm']:32} {row['metric']:10} {row['value']:.3f}")


def merge(path: Path, found: Sequence[Row]) -> None:
    """Put the rows of one part in the place of its earlier ones; other parts keep theirs."""
    kept, notes = load(path)
    new = {(row["data"], row["task"], row["slice"]) for row in found}
    others = [row for row in kept if (row["data"], row["task"], row["slice"]) not in new]
    save(path, "python -m benchmarks.tasks", [*others, *found], notes)


def read_options() -> argparse.Namespace:
    """Where the data is, where to work, and which parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("runs/tasks"), help="indexes and checkpoints")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS), help="parts to measure")
    return parser.parse_args()


if __name__ == "__main__":
    import torch

    torch.set_num_threads(2)
    main()
