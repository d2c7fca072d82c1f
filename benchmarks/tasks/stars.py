"""Stars of film reviews, 1 to 10: a number from the text alone, beside the mean of train and beside sentiment alone.

Texts are read by the hashing encoder, which needs no model.

    single           the number, from the text
    sentiment alone  the chance of a positive review, by the same model trained on sentiment, read as stars by the
                     isotonic regression that fits validation best
    mean             the mean of the training reviews, always

Intervals are over films.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from sklearn.isotonic import IsotonicRegression

from benchmarks.result import Row
from benchmarks.tasks.arms import Arms
from ragmtl.arms import Grounds
from ragmtl.assembly import Assembly
from ragmtl.build import build_index, open_index, unwatched
from ragmtl.checks import checked_tasks
from ragmtl.config import Config, parse_config
from ragmtl.evaluate import Measured, evaluate
from ragmtl.fit import fit
from ragmtl.models.model import Model
from ragmtl.tasks.base import Split
from ragmtl.tasks.metrics import mean
from ragmtl.trust.asking import ask, labelled_rows

SENTIMENT = "sentiment alone"


def rows(data: Path, work: Path, *, seeds: Sequence[int] = range(5), split: Split = "test") -> list[Row]:
    """The figures of every arm and the differences."""
    config = prepared(data / "movies", work)
    if not (work / "index" / "manifest.json").exists():
        build_index(config, work / "index")
    index = open_index(config, work / "index")
    material = Grounds.of(config, index, checked_tasks(config, index.graph), work, unwatched).material("none")
    found = Arms(("movies", "stars", "all", split), seeds)
    for seed in seeds:
        trained = {}
        for task in ("stars", "sentiment"):
            trainer, _ = fit(config, material, [task], seed, work / "runs" / task / f"seed-{seed}", unwatched)
            trainer.take_best(task)
            (trained[task],) = [(trainer.model, assembly) for assembly in trainer.assemblies]
        measured = evaluate(*trained["stars"], split, None, ["stars"])["stars"]
        found.add("single", measured)
        model, _ = trained["sentiment"]
        found.add(SENTIMENT, _read_as_stars(model, material.assemblies[0], measured, split))
    found.measured["mean"] = {"mae": found.measured["single"]["mae_of_mean"]}
    metrics = [("single", metric) for metric in ("mae", "rmse", "r2")] + [(SENTIMENT, "mae"), ("mean", "mae")]
    return [found.figure(*one) for one in metrics] + [
        found.difference(against, "single", "mae") for against in ("mean", SENTIMENT)
    ]


def _read_as_stars(model: Model, assembly: Assembly, like: Measured, split: Split) -> Measured:
    """What the sentiment says of stars: fitted on validation."""
    stars = next(task for task in assembly.source.tasks if task.name == "stars")
    chances, truth = {}, {}
    for part in dict.fromkeys(("valid", split)):
        chosen = labelled_rows(assembly, stars, part)
        chances[part] = _positive(model, assembly, chosen)
        truth[part] = np.array([assembly.source.examples[row].labels["stars"] for row in chosen], np.float64)
    reading = IsotonicRegression(out_of_bounds="clip").fit(chances["valid"], truth["valid"])
    off = np.abs(reading.predict(chances[split]) - truth[split])
    return Measured("stars", {"mae": mean(off, np.ones(len(off), np.bool_))}, like.groups, like.slices)


def _positive(model: Model, assembly: Assembly, chosen: list[int]) -> Float64[np.ndarray, " review"]:
    """The log-odds of a positive review."""
    task = next(task for task in assembly.source.tasks if task.name == "sentiment")
    logits = ask(model, assembly, task, chosen).logits
    return np.asarray(logits[:, 1] - logits[:, 0], np.float64)


def prepared(data: Path, work: Path) -> Config:
    """The table of reviews, and the configuration of both tasks over it."""
    work.mkdir(parents=True, exist_ok=True)
    with (
        gzip.open(data / "reviews.jsonl.gz", "rt", encoding="utf-8") as file,
        (work / "reviews.jsonl").open("w") as out,
    ):
        for line in file:
            review = json.loads(line)
            kept = {key: review[key] for key in ("id", "item", "text", "label", "stars", "split")}
            out.write(json.dumps(kept) + "\n")
    (work / "passages.jsonl").write_text('{"id": "none", "text": "Nothing is retrieved."}\n', encoding="utf-8")
    (work / "graph.nt").write_text("<http://x/a> <http://x/b> <http://x/c> .\n", encoding="utf-8")
    shared = {"data": "reviews.jsonl", "id": "id", "text": "text", "split": "split", "group": "item"}
    return parse_config(
        {
            "name": "stars",
            "folder": work,
            "graph": {"sources": ["graph.nt"]},
            "corpus": {"path": "passages.jsonl"},
            "encoder": {"name": "hashing"},
            "training": {"epochs": 6, "patience": 6, "learning_rate": 1e-3, "conflicts": 0},
            "tasks": [
                {"name": "stars", "kind": "number", "label": "stars", "error": "absolute"} | shared,
                {"name": "sentiment", "kind": "class", "label": "label"} | shared,
            ],
        }
    )
