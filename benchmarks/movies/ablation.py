"""Which part of the evidence moves which task: `rag-mtl` on the films with one part taken away at a time.

`python -m benchmarks.movies --ablation` trains each arm on all tasks together, on one seed and for few epochs, and
measures on *validation*; beside each arm stands how far it is from the whole, with the interval of a paired bootstrap.
All tasks of an arm share the epoch that was best for their aggregate. Rows of the test split are not even read. What
was measured stays in the folder of the arm, so that an interrupted run goes on with the next arm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.result import Place, Row, plain_row
from ragmtl.build import Watch, evidence_index, reader_for
from ragmtl.checks import checked_tasks
from ragmtl.compare import load_measured, save_measured
from ragmtl.config import Config
from ragmtl.evaluate import Measured, evaluate
from ragmtl.gather import gather
from ragmtl.retrieval.controls import shuffle_links
from ragmtl.retrieval.index import Index
from ragmtl.run import Run, train_run
from ragmtl.tasks.bootstrap import bootstrap, paired_bootstrap

WHOLE = "rag-mtl"
SPLIT = "valid"


@dataclass(frozen=True, slots=True)
class Part:
    """What an arm changes in [retrieval] of the configuration, and of what it retrieves."""

    changes: Mapping[str, object]
    index: str = "true"


def _without(config: Config, *sources: str) -> dict[str, object]:
    """The weights of the ways to find passages, without some."""
    return {"weights": {name: weight for name, weight in config.retrieval.weights.items() if name not in sources}}


def parts(config: Config) -> dict[str, Part]:
    """The arms, each with what it changes."""
    return {
        WHOLE: Part({}),
        "without passages": Part({"passages": 0}),
        "without subgraph": Part({"nodes": 0}),
        "without passages and subgraph": Part({"passages": 0, "nodes": 0}),
        "passages without graph": Part(_without(config, "graph")),
        "passages without dense": Part(_without(config, "dense")),
        "passages without bm25": Part(_without(config, "bm25")),
        "passages by the default fusion": Part(
            {"weights": {"bm25": 0.5, "dense": 0.5, "graph": 1.0}, "fusion": "shape", "graph_passages": "walk"}
        ),
        "shuffled links": Part({}, "links"),
        "shuffled graph": Part({}, "graph"),
    }


def ablation(
    config: Config, index: Index, work: Path, watch: Watch, *, arms: Sequence[str] = (), epochs: int = 4
) -> Iterator[list[Row]]:
    """Train and measure what was not measured before; after each arm, every row, and the differences from the whole.

    Args:
        config: That of the benchmark.
        index: Its index.
        work: Where arms are kept.
        watch: Gives progress bars.
        arms: Names of `parts`; all where empty. The whole is always among them.
        epochs: How long each arm is trained.
    """
    short = config.model_copy(update={"training": config.training.model_copy(update={"epochs": epochs})})
    chosen = {name: part for name, part in parts(config).items() if not arms or name in arms or name == WHOLE}
    found: dict[str, dict[str, Measured]] = {}
    for name, part in chosen.items():
        changed = short.model_copy(update={"retrieval": config.retrieval.model_copy(update=dict(part.changes))})
        folder = work / name.replace(" ", "-")
        source = partial(_source, index, part.index, config, work, watch)
        found[name] = _measured(changed, source, folder, watch)
        yield [row for task in found[WHOLE] for row in _rows(task, {arm: one[task] for arm, one in found.items()})]


def table(rows: Sequence[Row], shown: Sequence[tuple[str, str, str]]) -> str:
    """Markdown: a line per arm, a column for each task, slice and metric; differences from the whole."""
    values = {(row["arm"], row["task"], row["slice"], row["metric"]): row for row in rows}
    arms = list(dict.fromkeys(str(row["arm"]) for row in rows))
    head = ["arm", *(f"{task} ({part}) {metric}" for task, part, metric in shown)]
    lines = [head, ["---"] * len(head)]
    for arm in arms:
        cells = [values.get((arm, *cell)) for cell in shown]
        lines.append([arm, *(_cell(row) if row else "" for row in cells)])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cell(row: Row) -> str:
    figures = [f"{row[name]:+.3f}" if " - " in str(row["arm"]) else f"{row[name]:.3f}" for name in FIGURES]
    return f"{figures[0]} [{figures[1]}, {figures[2]}]"


FIGURES = ("value", "low", "high")


def _source(index: Index, kind: str, config: Config, work: Path, watch: Watch) -> Index:
    """The index that an arm retrieves from: the true one, one of false links, or one of a false graph."""
    if kind == "graph":
        return evidence_index(index, "shuffled-graph", config.seed, work / "shuffled-graph-index", watch)
    folder = work / "shuffled-links-index"
    if kind == "links" and not (folder / "manifest.json").exists():
        corpus = shuffle_links(index.corpus, config.seed)
        Index.build(index.graph, corpus, index.encoder, folder, watch("encoding passages"))
    return Index.load(folder, encoder=index.encoder) if kind == "links" else index


def _measured(config: Config, source: Callable[[], Index], folder: Path, watch: Watch) -> dict[str, Measured]:
    """The figures of one arm on validation, which is trained where it was not yet."""
    names = [task.name for task in config.tasks]
    missing = [name for name in names if not (folder / f"{name}.npz").exists()]
    index = source()
    if missing:
        train_run(config, index, folder, watch)
    loaded = checked_tasks(config, index.graph)
    if missing:
        run = Run.load(folder)
        reader = reader_for(config, index)
        material = gather(config, index, reader, loaded, "retrieved", seed=config.seed, watch=watch)
        for assembly in material.assemblies:
            save_measured(evaluate(run.model, assembly, SPLIT, run.thresholds), folder)
    return {task.name: load_measured(folder / f"{task.name}.npz", task) for one in loaded for task in one.source.tasks}


def _rows(task: str, found: Mapping[str, Measured]) -> list[Row]:
    """The figures of each arm, then how far each is from the whole."""
    rows: list[Row] = []
    whole = found[WHOLE]
    for part, chosen in whole.slices.items():
        groups = [group for group, kept in zip(whole.groups, chosen, strict=True) if kept]
        place: Place = ("movies", task, part, SPLIT)
        for metric in whole.metrics:
            statistics = {arm: [one.metrics[metric].of(chosen)] for arm, one in found.items()}
            for arm, each in statistics.items():
                interval = bootstrap(each, groups)
                rows.append(plain_row(place, arm, metric, (interval.value, interval.low, interval.high), (0,)))
            for arm in list(statistics)[1:]:
                apart = paired_bootstrap(statistics[arm], statistics[WHOLE], groups)
                name = f"{arm} - {WHOLE}"
                rows.append(plain_row(place, name, metric, (apart.value, apart.low, apart.high), (0,)))
    return rows
