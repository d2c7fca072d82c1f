"""What each of two processes does in a test: `python two.py FOLDER`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from tests.ragmtl.training.test_train import SETTINGS, trainer

METHODS = ("length", "uncertainty", "upgrad")
DIVIDED = replace(SETTINGS, epochs=2, shards=2)


def main(folder: Path) -> None:
    """Train once with each balance, and go on with what one process began."""
    for method in (*METHODS, "begun"):
        settings = DIVIDED if method == "begun" else replace(DIVIDED, balance=method)
        one = trainer(folder / method, settings)
        epochs = one.fit()
        if not one.processes.first:
            weights = sum(float(parameter.detach().double().sum()) for parameter in one.model.parameters())
            told = {"count": one.processes.count, "losses": [epoch.loss for epoch in epochs], "weights": weights}
            (folder / f"{method}.json").write_text(json.dumps(told), encoding="utf-8")
    parts = one.processes.exchange(one.processes.index)
    if one.processes.first:
        (folder / "parts.json").write_text(json.dumps(parts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
