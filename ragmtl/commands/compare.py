"""The commands `ragmtl compare` and `ragmtl tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragmtl.commands.common import ConfigPath, Epochs, IndexPath, bars, console, index_of, place_of, settings_of
from ragmtl.commands.speaking import AsJson, given, next_step, print_result, tell
from ragmtl.errors import ConfigError

if TYPE_CHECKING:
    from ragmtl.tuned import Best


def compare(  # noqa: PLR0913 -- each is an option
    config: ConfigPath,
    index: IndexPath = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the comparison. [default: runs/NAME/compare]")] = None,
    arm: Annotated[list[str], typer.Option(help="Arms to train; give the option once for each. [default: all]")] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(help="How many seeds, from the configuration's on.", min=1)] = 1,
    seed: Annotated[list[int], typer.Option(help="Train this seed only; give the option once for each.", min=0)] = [],  # noqa: B006
    epochs: Epochs = None,
    tuned: Annotated[Path | None, typer.Option(help="Settings of each arm, from `ragmtl tune`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Prove what knowledge and sharing add: train with and without them, and with false knowledge."""
    from ragmtl.arms import compare_arms
    from ragmtl.inspector.report_page import render_comparison
    from ragmtl.inspector.terminal import print_comparison
    from ragmtl.tuned import Tuned

    settings = settings_of(config, epochs, None)
    best = None if tuned is None else Tuned.load(tuned)
    folder = out or place_of(settings, "compare")
    with bars() as bar:
        comparison = compare_arms(
            settings,
            index_of(settings, index),
            folder,
            bar,
            arms=arm,
            seeds=seed or seeds,
            tuned=best,
            tell=tell,
        )
    comparison.save(folder / "result.json")
    (folder / "report.html").write_text(render_comparison(comparison), encoding="utf-8")
    if not as_json:
        print_comparison(console(), comparison)
    wrote = f"wrote {folder / 'result.json'} and {folder / 'report.html'}"
    print_result({"out": folder} | comparison.stated(), as_json, wrote)


def tune(  # noqa: PLR0913 -- each is an option
    config: ConfigPath,
    trials: Annotated[int, typer.Option(help="Trainings for each search.", min=2)] = 10,
    index: IndexPath = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the search. [default: runs/NAME/tune]")] = None,
    arm: Annotated[list[str], typer.Option(help="Arms to tune; give the option once for each. [default: all]")] = [],  # noqa: B006
    epochs: Epochs = None,
    as_json: AsJson = False,
) -> None:
    """Search settings on validation, for each arm with the same budget; `compare --tuned` uses what was found."""
    try:
        from ragmtl.tune import tune_arms
    except ImportError:
        raise ConfigError("expected the package optuna, found none; `pip install ragmtl[tune]`") from None

    settings = settings_of(config, epochs, None)
    folder = out or place_of(settings, "tune")
    with bars() as bar:
        tuned = tune_arms(settings, index_of(settings, index), folder, trials, bar, arms=arm, tell=tell)
    lines = [_tuned(name, of, best) for name, found in tuned.best.items() for of, best in found.items()]
    place = folder / "tuned.json"
    print_result({"out": place} | tuned.stated(), as_json, *lines, f"wrote {place}")
    next_step("ragmtl", "compare", config, "--tuned", place, *given("--index", index), as_json=as_json)


def _tuned(arm: str, task: str, best: Best) -> str:
    chosen = ", ".join(f"{setting} = {value:.3g}" for setting, value in best.settings.items())
    return f"{arm:16} {task:20} {best.first:.3f} -> {best.value:.3f}  {chosen}"
