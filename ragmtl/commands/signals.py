"""The commands `ragmtl signals` and `ragmtl export`: what a run knows of the items that it ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.common import RunPath
from ragmtl.commands.speaking import AsJson, print_result


def signals(run: RunPath, as_json: AsJson = False) -> None:
    """Say which signals the rankings of a run have, and what weight each was given."""
    from ragmtl.predict import Predictor
    from ragmtl.weights import signal_weights

    found = signal_weights(Predictor.load(run))
    lines = [
        f"{task:16} {one.signal:32} {f'{one.weight:8.3f}' if one.on else '     off'}"
        for task, weights in found.items()
        for one in weights
    ]
    print_result(found, as_json, *lines)


def export(
    run: RunPath,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("items"),
    task: Annotated[str | None, typer.Option(help="Which ranking task, where the run has several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the vectors of the items of a ranking as an index of FAISS, with their names."""
    from ragmtl.item_vectors import export_items
    from ragmtl.run import Run

    found = export_items(Run.load(run), out, task)
    print_result(found, as_json, f"wrote {found.out}: {found.items} items of {found.task!r}, {found.dim} numbers each")
