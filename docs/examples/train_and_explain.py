"""Train two tasks in one model, predict, and see what the answer rests on.

`python docs/examples/train_and_explain.py`; in a notebook, `run` and `prediction` show themselves.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ragmtl.build import build_index
from ragmtl.config import Config, read_config
from ragmtl.predict import Predictor
from ragmtl.retrieval.query import Query
from ragmtl.run import Run, evaluate_run, train_run


def small(config: Config, epochs: int, steps: int) -> Config:
    """The kitchen with its tasks of texts only, and an encoder that needs no weights."""
    changes = {
        "encoder": config.encoder.model_copy(update={"name": "hashing"}),
        "retrieval": config.retrieval.model_copy(update={"passages": 2, "nodes": 8}),
        "training": config.training.model_copy(update={"epochs": epochs, "steps": steps}),
        "tasks": [task for task in config.tasks if task.name in ("cuisine", "diet")],
    }
    return config.model_copy(update=changes)


def main(folder: Path, kitchen: Path = Path("examples/kitchen"), epochs: int = 8, steps: int = 40) -> None:
    """Train, measure on test, and explain one answer."""
    config = small(read_config(kitchen / "kitchen.toml"), epochs, steps)
    index = build_index(config, folder / "index")
    train_run(config, index, folder / "run")
    run = Run.load(folder / "run")
    print(f"the epoch that was kept: {run.trained.best} of {len(run.trained.epochs)}")
    for row in evaluate_run(folder / "run", "test"):
        print(f"{row.task:10} {row.metric:12} {row.value:.3f} [{row.low:.3f}, {row.high:.3f}]")

    prediction = Predictor(run)(Query(text="Ground raw chickpeas with cumin, fried, under tahini."))
    for answer in prediction.answers:
        print(f"{answer.task}: {', '.join(answer.chosen) or 'none'}")
    for passage in prediction.passages:
        print(f"attention {passage.attention:.2f} on {passage.title}: {passage.reason}")
    print(f"attention {prediction.no_evidence:.2f} on no evidence")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
