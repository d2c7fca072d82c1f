"""`python -m benchmarks.generation`: write texts with and without knowledge, measure them, and write `result.json`.

    single           no retrieval: the query alone
    rag-single       retrieved triples and passages
    shuffled-graph   retrieved from a graph whose tails are permuted within each relation
    random-passages  the triples that were retrieved, with passages at random

Every arm is the same model, trained alone on the task with the same steps; its epoch is chosen on validation. Intervals
are over entities. `--only movies` measures one part again and keeps the rows of the others.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.generation import kitchen, movies
from benchmarks.result import Row, load, save
from benchmarks.tasks.arms import Arms, train_arm
from ragmtl.compare import EvidenceKind
from ragmtl.config import Config
from ragmtl.tasks.base import Split

HERE = Path(__file__).parent
PARTS: Mapping[str, Callable[[Path, Path], Config]] = {"kitchen": kitchen.prepared, "movies": movies.prepared}
"""What writes the table of each part into a folder, and gives its configuration."""

ARMS: Mapping[str, EvidenceKind] = {
    "single": "none",
    "rag-single": "retrieved",
    "shuffled-graph": "shuffled-graph",
    "random-passages": "random-passages",
}
NOTES = (
    "kitchen: sentences are made of the graph by one template of ours, about dishes; those of test were never seen in "
    "training, so a model without retrieval can know the form only",
    "settings were chosen on validation",
)
METRICS = ("chrf", "bleu", "exact", "supported", "names_supported")
OF_RIGHT = ("supported_of_right", "names_supported_of_right")
"""Support of the right texts, where anything was retrieved: what a perfect writer would have."""


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    for part in options.only:
        work = options.work / part
        config = PARTS[part](options.data, work)
        for found in grown(part, config, work, options.seeds, options.split):
            kept, _ = load(options.out / "result.json")
            others = [row for row in kept if row["data"] != part]
            save(options.out / "result.json", "python -m benchmarks.generation", [*others, *found], NOTES)
        for row in found:
            print(f"{row['data']:8} {row['arm']:32} {row['metric']:24} {row['value']:.3f}")


def grown(part: str, config: Config, work: Path, seeds: Sequence[int], split: Split) -> Iterator[list[Row]]:
    """The rows so far, after each arm."""
    task = config.tasks[0].name
    arms = Arms((part, task, "all", split), seeds)
    for arm, kind in ARMS.items():
        for found in train_arm(config, task, kind, seeds, work, split):
            arms.add(arm, found)
        yield rows(arms)


def rows(arms: Arms) -> list[Row]:
    """Figures of every arm, and how far each is above the one without retrieval."""
    figures = [arms.figure(arm, metric) for arm in arms.measured for metric in METRICS]
    if "rag-single" in arms.measured:
        figures += [arms.figure("rag-single", metric) for metric in OF_RIGHT]
    return figures + [arms.difference(arm, "single", "chrf") for arm in arms.measured if arm != "single"]


def read_options() -> argparse.Namespace:
    """Where the data is, where to work, which parts, and with which seeds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generation", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("runs/generation"), help="indexes and checkpoints")
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS), help="parts to measure")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="of training")
    parser.add_argument("--split", default="test", choices=["valid", "test"], help="valid while settings are chosen")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    return parser.parse_args()


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    main()
