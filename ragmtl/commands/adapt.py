"""The command `ragmtl adapt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.common import ConfigPath, RunPath, SplitName, bars, console
from ragmtl.commands.speaking import AsJson, next_step, print_result, tell


def adapt(  # noqa: PLR0913 -- each is an option
    run: RunPath,
    config: ConfigPath,
    task: Annotated[str | None, typer.Option(help="Which new task, where there are several.")] = None,
    labels: Annotated[
        list[int],
        typer.Option(help="A number of labels; give the option once for each. [default: 8, 16, 32 … 256]", min=1),
    ] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(help="How many draws of labels.", min=1)] = 3,
    rounds: Annotated[int, typer.Option(help="Rounds of learning where to start from.", min=1)] = 100,
    split: Annotated[SplitName, typer.Option(help="Where arms are measured.")] = SplitName.test,
    out: Annotated[Path | None, typer.Option(help="Folder. [default: RUN-TASK beside the run]")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn a new task from few labels on top of a trained run, and say how many labels that saves."""
    from ragmtl.adapting.adapt import Budget, adapt_run
    from ragmtl.adapting.newcomer import new_task
    from ragmtl.adapting.settings import SIZES
    from ragmtl.config import read_config
    from ragmtl.inspector.adaptation_page import render_adaptation
    from ragmtl.inspector.terminal import print_adaptation
    from ragmtl.run import Run

    settings = read_config(config)
    budget = Budget(labels or SIZES, seeds, rounds, split.value)
    if out is None:
        out = run.with_name(f"{run.name}-{new_task(Run.load(run).config, settings, task).name}")
    with bars() as bar:
        comparison = adapt_run(run, settings, out, bar, task=task, budget=budget, tell=tell)
    comparison.save(out / "result.json")
    (out / "report.html").write_text(render_adaptation(comparison), encoding="utf-8")
    if not as_json:
        print_adaptation(console(), comparison)
    wrote = f"wrote {out / 'result.json'}, {out / 'report.html'}, and the adapted run in {out / 'run'}"
    print_result({"out": out} | comparison.stated(), as_json, wrote)
    next_step("ragmtl", "evaluate", out / "run", as_json=as_json)
