"""`python -m benchmarks.adapt`: a run that knows films by genre learns the sentiment of reviews from few labels.

A model is trained on the genres of films alone, then `ragmtl adapt` gives it the sentiment of reviews, from 8 to 256
labels, in four arms: from fresh weights, from its own, and from starts that Reptile and MAML learned over its genres.
Each number of labels is drawn anew for every seed; how long to learn is chosen on as many labels of validation. Films
whose reviews are measured are those of the test split; `result.json` has accuracy and macro-F1 there.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.movies.prepare import prepare, read_lines, write_lines
from ragmtl.adapting.adapt import Budget, adapt_run
from ragmtl.bars import Bars
from ragmtl.build import build_index, open_index
from ragmtl.config import Config, read_config
from ragmtl.inspector.terminal import print_comparison
from ragmtl.run import train_run

HERE = Path(__file__).parent
KNOWN, NEW = "genre", "sentiment"
MOST = {"train": 1000, "valid": 428, "test": 1000}
"""Reviews of each split, in the order of the file; more would not be learned from."""


def main() -> None:
    """Run the benchmark on one thread."""
    options = read_options()
    torch.set_num_threads(1)
    began = time.monotonic()
    config = configured(options.data / "movies", options.work / "data")
    first = config.model_copy(update={"tasks": [task for task in config.tasks if task.name == KNOWN]})
    with Bars() as watch:
        if not (options.work / "index" / "manifest.json").exists():
            build_index(config, options.work / "index", watch)
        if not (options.work / "run" / "run.json").exists():
            train_run(first, open_index(first, options.work / "index"), options.work / "run", watch)
        budget = Budget(seeds=options.seeds)
        found = adapt_run(options.work / "run", config, options.work / "adapted", watch, task=NEW, budget=budget)
    minutes = f"{(time.monotonic() - began) / 60:.1f} minutes"
    found = replace(found, command="python -m benchmarks.adapt", notes=(*found.notes, minutes))
    found.save(options.out / "result.json")
    print_comparison(Console(), found)


def read_options() -> argparse.Namespace:
    """Where the data is, where to work, and how many draws."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adapt", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("runs/adapt"), help="index, run and what was learned")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--seeds", type=int, default=2, help="draws of labels")
    return parser.parse_args()


def configured(source: Path, data: Path) -> Config:
    """The films with two tasks, and fewer reviews."""
    if not (data / "movies.toml").exists():
        prepare(source, data)
        write_lines(data / f"{NEW}.jsonl", list(fewer(read_lines(data / f"{NEW}.jsonl"))))
    config = read_config(data / "movies.toml")
    encoder = config.encoder.model_copy(update={"precision": "float32"})
    tasks = [task for task in config.tasks if task.name in (KNOWN, NEW)]
    training = config.training.model_copy(update={"epochs": 4, "steps": 150, "conflicts": 0})
    return config.model_copy(update={"encoder": encoder, "tasks": tasks, "training": training})


def fewer(lines: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The first reviews of each split."""
    seen = dict.fromkeys(MOST, 0)
    for line in lines:
        seen[line["split"]] += 1
        if seen[line["split"]] <= MOST[line["split"]]:
            yield line


if __name__ == "__main__":
    main()
