"""`python -m benchmarks.text`: a frozen text encoder beside one that learns, on films; writes `result.json`.

Genres of films by their titles and the sentiment of reviews, trained together without retrieval, on one seed. All arms
have the same examples in the same order, batches and epochs; `frozen, 8 epochs` learns for longer. Epochs are chosen on
validation, where all figures are from: tables are read without their test rows.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from benchmarks.movies.prepare import prepare, read_lines, write_lines
from benchmarks.result import Row, plain_row, save
from ragmtl.arms import measured
from ragmtl.bars import Bars
from ragmtl.build import Watch, build_index, open_index, reader_for
from ragmtl.checks import checked_tasks
from ragmtl.config import Config, read_config
from ragmtl.evaluate import Measured
from ragmtl.fit import fit
from ragmtl.gather import Material, gather
from ragmtl.tasks.bootstrap import bootstrap, paired_bootstrap

HERE = Path(__file__).parent
TASKS = ("genre", "sentiment")
STEPS, LONGER = 96, 8
"""Steps of an epoch, half of them for each task; epochs of an arm that learns for longer."""
FIRST = "frozen"


def main() -> None:
    """Run the benchmark on one thread."""
    options = read_options()
    torch.set_num_threads(1)
    config = configured(options.data / "movies", options.work / "data", options.epochs)
    with Bars() as watch:
        if not (options.work / "index" / "manifest.json").exists():
            build_index(config, options.work / "index", watch)
        index = open_index(config, options.work / "index")
        learning = changed(config, "lora", options.epochs)
        loaded = checked_tasks(config, index.graph)
        reader = reader_for(learning, index)
        material = gather(learning, index, reader, loaded, "none", seed=config.seed, watch=watch)
        found, notes = {}, [f"{options.epochs} epochs of {config.training.steps} steps"]
        for name in options.arms:
            text, _, epochs = name.partition(", ")
            began = time.process_time()
            found[name] = trained(
                changed(config, text, int(epochs.split()[0]) if epochs else options.epochs),
                material,
                options.work / "arms" / name.replace(", ", "-").replace(" ", "-"),
                watch,
            )
            notes.append(f"{name}: {(time.process_time() - began) / 60:.1f} minutes of the processor")
            print(name, {task: {m: one.value(m) for m in one.metrics} for task, one in found[name].items()}, flush=True)
    save(options.out / "result.json", "python -m benchmarks.text", rows(found), notes)


def read_options() -> argparse.Namespace:
    """Where the data is, where to work, and what to train."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RAGMTL_DATA", "../shared/data")))
    parser.add_argument("--work", type=Path, default=Path("runs/text"), help="index and checkpoints")
    parser.add_argument("--out", type=Path, default=HERE, help="where result.json goes")
    parser.add_argument("--arms", nargs="+", default=[FIRST, f"{FIRST}, {LONGER} epochs", "lora"], help="also: full")
    parser.add_argument("--epochs", type=int, default=2)
    return parser.parse_args()


def configured(source: Path, data: Path, epochs: int) -> Config:
    """The films with two tasks, without test rows."""
    if not (data / "movies.toml").exists():
        prepare(source, data)
        for name in TASKS:
            path = data / f"{name}.jsonl"
            lines = list(read_lines(path))
            write_lines(path, [line for line in lines if line["split"] != "test"])
    config = read_config(data / "movies.toml")
    encoder = config.encoder.model_copy(update={"precision": "float32"})
    tasks = [task for task in config.tasks if task.name in TASKS]
    return changed(config.model_copy(update={"tasks": tasks, "encoder": encoder}), FIRST, epochs)


def changed(config: Config, text: str, epochs: int) -> Config:
    """The same with a text encoder that is frozen or learns."""
    model = config.model.model_copy(update={"text": text, "text_segments": 2})
    training = config.training.model_copy(
        update={
            "epochs": epochs,
            "steps": STEPS,
            "batch_size": 32,
            "conflicts": 0,
            "checkpoint_every": 16,
            "text_rate": 5e-4 if text == "lora" else None,
        }
    )
    return config.model_copy(update={"model": model, "training": training})


def trained(config: Config, material: Material, folder: Path, watch: Watch) -> dict[str, Measured]:
    """Train an arm, or go on with it; what it reaches on validation."""
    trainer, _ = fit(config, material, TASKS, config.seed, folder, watch)
    return measured(trainer, "valid")


def rows(found: Mapping[str, Mapping[str, Measured]]) -> list[Row]:
    """The figures of each arm, and how far it is from the first."""
    written = []
    first = next(iter(found))
    for arm, tasks in found.items():
        for task, one in tasks.items():
            base = found[first][task]
            for metric, statistics in one.metrics.items():
                place, own = ("movies", task, "all", "valid"), [statistics.of(one.slices["all"])]
                at = bootstrap(own, one.groups)
                written.append(plain_row(place, arm, metric, (at.value, at.low, at.high), (0,)))
                if arm != first:
                    apart = paired_bootstrap(own, [base.metrics[metric].of(base.slices["all"])], one.groups)
                    name = f"{arm} - {first}"
                    written.append(plain_row(place, name, metric, (apart.value, apart.low, apart.high), (0,)))
    return written


if __name__ == "__main__":
    main()
