"""`python -m benchmarks.recommendation`: ml-100k on the given split and five more, and write `result.json`.

The given split is measured with five seeds, each of five random splits of the same recipe with one. `--split valid`
looks at validation instead, which is what everything was chosen on, and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.recommendation import ml100k
from benchmarks.recommendation.ml100k import METRICS, Found
from benchmarks.result import Place, Row, load, plain_row, save
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.tasks.base import Split
from ragmtl.tasks.bootstrap import Interval, bootstrap, paired_bootstrap
from ragmtl.tasks.recommendation.interactions import Interactions

HERE = Path(__file__).parent
SEEDS = range(5)
COLD = 10
Arms = Mapping[str, Found]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommendation", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("runs/recommendation"), help="the log in one table")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--split", choices=["valid", "test"], default="test")
    parser.add_argument("--only", choices=["cold"], help="measure cold films again; other rows stay as they are")
    options = parser.parse_args()
    folder, began = options.data / "ml-100k", time.monotonic()
    graph, given = ml100k.read_graph(folder), ml100k.read_given(folder)
    cold_log = given.hide_cold(ml100k.one_in(COLD))
    cold = [_arms(cold_log, options.split, graph, 0) | {"random": ml100k.guessed(cold_log, options.split, 0)}]
    rows, notes = load(options.out / "result.json") if options.only else ([], [])
    rows = [row for row in rows if row["slice"] != "cold films"] + _rows(cold, "cold films", options.split)
    if not options.only:
        first = [_arms(given, options.split, graph, seed) for seed in SEEDS]
        again = [_arms(ml100k.read_again(folder, options.work, seed), options.split, graph, seed) for seed in SEEDS]
        rows += _rows(first, "all", options.split)
        for seed, arms in zip(SEEDS, again, strict=True):
            rows += _rows([arms], f"split {seed}", options.split)
        rows += _all_splits([first[0], *again], options.split)
        weights = "; ".join(f"{name} {weight:.3f}" for name, weight in first[0]["rag-single"].weights.items())
        notes = [f"weights on the given split, seed 0: {weights}"]
    notes.append(f"{(time.monotonic() - began) / 60:.1f} minutes")
    for row in rows:
        print(f"{row['slice']:12} {row['arm']:24} {row['metric']:10} {row['value']:8.4f} [{row['low']}, {row['high']}]")
    if options.split == "test":
        save(options.out / "result.json", "python -m benchmarks.recommendation", rows, notes)


def _arms(log: Interactions, split: Split, graph: KnowledgeGraph, seed: int) -> Arms:
    """EASE, the mixture without a graph, with it, and with a shuffled one."""
    began = time.perf_counter()
    known = ml100k.collaborative(log, seed)
    fitting = time.perf_counter() - began
    graphs = {"single": None, "rag-single": graph, "shuffled-graph": ml100k.shuffled(graph, seed)}
    found = {arm: ml100k.blended(log, split, known, one, seed, fitting) for arm, one in graphs.items()}
    return {"ease": ml100k.ease(log, split), **found}


def _rows(runs: Sequence[Arms], part: str, split: Split) -> list[Row]:
    """Figures of each arm, and how far it is from EASE and from the mixture without a graph."""
    place: Place = ("ml-100k", "recommendation", part, split)
    users, seeds, rows = runs[0]["ease"].users, list(SEEDS[: len(runs)]), []
    for arm in runs[0]:
        for metric in METRICS:
            mine = [run[arm].metrics[metric] for run in runs]
            rows.append(_row(place, arm, metric, bootstrap(mine, users), seeds))
            for other in ("ease", "single", "random"):
                if other in runs[0] and other != arm and arm not in ("ease", "random"):
                    against = [run[other].metrics[metric] for run in runs]
                    rows.append(_row(place, f"{arm} − {other}", metric, paired_bootstrap(mine, against, users), seeds))
        seconds = [run[arm].seconds for run in runs]
        rows.append(plain_row(place, arm, "seconds", (sum(seconds) / len(seconds), min(seconds), max(seconds)), seeds))
    return rows


def _all_splits(runs: Sequence[Arms], split: Split) -> list[Row]:
    """The mean over the splits of the difference to EASE; users are drawn, each with all its splits."""
    place: Place = ("ml-100k", "recommendation", "six splits", split)
    rows = []
    for arm in ("single", "rag-single", "shuffled-graph"):
        for metric in METRICS:
            mine, against = ([run[name].metrics[metric] for run in runs] for name in (arm, "ease"))
            found = paired_bootstrap(*ml100k.of_same_users(mine, against, [run["ease"].users for run in runs]))
            rows.append(_row(place, f"{arm} − ease", metric, found, list(SEEDS)))
    return rows


def _row(place: Place, arm: str, metric: str, found: Interval, seeds: Sequence[int]) -> Row:
    return plain_row(place, arm, metric, (found.value, found.low, found.high), seeds)


if __name__ == "__main__":
    main()
