"""`python -m benchmarks.movies`: prepare, index and compare, and write `result.json`.

By default three arms on one seed, which is what fits into half an hour on two cores: all tasks together without
retrieval, with it, and with a shuffled graph. `--arms all` trains all six. `--ablation` takes one part of the evidence
away at a time instead, measures on validation, and writes `result-ablation.json`.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from benchmarks.movies.ablation import ablation, table
from benchmarks.movies.prepare import prepare, without_test
from benchmarks.movies.table import SHOWN
from benchmarks.result import save
from ragmtl.arms import compare_arms
from ragmtl.bars import Bars
from ragmtl.build import Watch, build_index, open_index
from ragmtl.compare import ARMS
from ragmtl.config import Config, read_config
from ragmtl.inspector.report_page import render_comparison
from ragmtl.inspector.terminal import print_comparison
from ragmtl.retrieval.index import Index

HERE = Path(__file__).parent
MOST_THREADS = 2


def main() -> None:
    """Run the benchmark."""
    options = read_options()
    began = time.monotonic()
    data = options.work / "data"
    prepare(options.data / "movies", data)
    if options.ablation:
        without_test(options.data / "movies", data)
    config = read_config(data / "movies.toml")
    with Bars() as bars:
        if not (options.work / "index" / "manifest.json").exists():
            build_index(config, options.work / "index", bars)
        index = open_index(config, options.work / "index")
        if options.ablation:
            ablate(config, index, options, bars)
        else:
            arms = [arm.name for arm in ARMS] if options.arms == ["all"] else options.arms
            found = compare_arms(config, index, options.work / "compare", bars, arms=arms, seeds=options.seeds)
    minutes = (time.monotonic() - began) / 60
    if options.ablation:
        return
    found = replace(found, command="python -m benchmarks.movies", notes=(*found.notes, f"{minutes:.1f} minutes"))
    found.save(options.out / "result.json")
    (options.work / "report.html").write_text(render_comparison(found), encoding="utf-8")
    print_comparison(Console(), found)


def ablate(config: Config, index: Index, options: argparse.Namespace, watch: Watch) -> None:
    """Train the arms of the ablation, and write down after each what was measured so far."""
    notes = [f"validation; {options.epochs} epochs of {config.training.steps} steps, one seed"]
    work, rows = options.work / "ablation", []
    for rows in ablation(config, index, work, watch, arms=options.parts, epochs=options.epochs):
        save(options.out / "result-ablation.json", "python -m benchmarks.movies --ablation", rows, notes)
    print(table(rows, [shown[:3] for shown in SHOWN]))


def read_options() -> argparse.Namespace:
    """Where the data is, where to work, and which arms."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.movies", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("runs/movies"), help="index, checkpoints, report")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--arms", nargs="+", default=["mtl", "rag-mtl", "shuffled-graph"], help="or: all")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--ablation", action="store_true", help="which part of the evidence moves which task")
    parser.add_argument("--parts", nargs="+", default=[], help="arms of the ablation; all if not given")
    parser.add_argument("--epochs", type=int, default=4, help="of each arm of the ablation")
    return parser.parse_args()


if __name__ == "__main__":
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", MOST_THREADS)))
    main()
