"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragmtl import __version__
from ragmtl.commands.adapt import adapt
from ragmtl.commands.common import (
    ConfigPath,
    Epochs,
    IndexPath,
    QueryText,
    RunPath,
    SplitName,
    bars,
    index_of,
    place_of,
    print_as,
    query_of,
    refuse,
    settings_of,
)
from ragmtl.commands.compare import compare, tune
from ragmtl.commands.doctor import doctor
from ragmtl.commands.index import index as index_command
from ragmtl.commands.log import log
from ragmtl.commands.reading import BadStatement, Base, wanted
from ragmtl.commands.retrieve import push, retrieve
from ragmtl.commands.serve import serve
from ragmtl.commands.signals import export, signals
from ragmtl.commands.speaking import AsJson, next_step, print_result, speaks, tell
from ragmtl.kg_cli import kg
from ragmtl.learn_cli import learn
from ragmtl.update_cli import update

if TYPE_CHECKING:
    pass

app = typer.Typer(
    name="ragmtl",
    help="Retrieval-augmented multi-task learning over knowledge graphs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(kg)
app.add_typer(log)


INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


def main() -> None:
    """Run the command line; an error that a user can mend is one message and exit code 1."""
    from ragmtl.errors import Error

    try:
        app()
    except Error as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(f"error: {place}expected a place to read or write, found: {_reason(error)}", err=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            tell("interrupted; the same command goes on from the last checkpoint")
        raise


def _reason(error: OSError) -> str:
    return f"{error.strerror or error}; choose another path, or see to its permissions"


def _version(asked: bool) -> bool:
    if asked:
        typer.echo(f"ragmtl {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Retrieval-augmented multi-task learning over knowledge graphs."""


@app.command()
def init(  # noqa: PLR0913 -- each is an option
    graph: Annotated[list[Path], typer.Argument(help="RDF files or folders.", show_default=False)],
    corpus: Annotated[Path, typer.Option(help="Passages: a table or a folder of texts.")],
    data: Annotated[list[Path], typer.Option(help="Tables to learn from; give the option once for each.")] = [],  # noqa: B006
    out: Annotated[Path, typer.Option(help="Where to write the configuration.")] = Path("ragmtl.toml"),
    force: Annotated[bool, typer.Option(help="Overwrite a configuration that is there.")] = False,
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Write a commented configuration for your files."""
    from ragmtl.init import write_config

    write_config(graph, corpus, data, out, force=force, base=base, on_error=wanted(on_error))
    print_result({"out": out}, as_json, f"wrote {out}; read it through, then run: ragmtl index {out}")


app.command()(doctor)
app.command()(index_command)
app.command()(update)


app.command()(retrieve)


app.command()(push)


app.command()(learn)


@app.command()
def train(
    config: ConfigPath,
    index: IndexPath = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run. [default: runs/NAME/run]")] = None,
    epochs: Epochs = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of what the configuration says.", min=0)] = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="A run of the same tasks, maybe with other classes, to start from.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train all tasks together with retrieval; goes on where an interrupted run stopped."""
    from ragmtl.inspector.training_page import render_training
    from ragmtl.run import train_run
    from ragmtl.start import Start
    from ragmtl.trained import Trained

    settings = settings_of(config, epochs, seed)
    folder = out or place_of(settings, "run")
    with bars() as bar:
        known = None if start is None else Start.read(start)
        best = train_run(settings, index_of(settings, index), folder, bar, tell=tell, start=known)
    if speaks():
        (folder / "report.html").write_text(render_training(Trained.load(folder)), encoding="utf-8")
    lines = [f"{task}: {value:.3f} on validation" for task, value in best.metrics.items()]
    print_result({"out": folder, "best": best}, as_json, *lines, f"wrote {folder} (best epoch: {best.epoch})")
    next_step("ragmtl", "evaluate", folder, as_json=as_json)


@app.command()
def evaluate(  # noqa: PLR0913
    run: Annotated[
        Path, typer.Argument(help="Folder of a trained run; of an index with --retrieval.", show_default=False)
    ],
    split: Annotated[SplitName | None, typer.Option(help="Which examples. [default: test]", show_default=False)] = None,
    retrieval: Annotated[Path | None, typer.Option(help="Measure retrieval with this table of questions.")] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration whose [retrieval] is measured.")] = None,
    at: Annotated[list[int], typer.Option("--at", help="At how many results rankings are cut.", min=1)] = [1, 2, 5, 10],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="Where to write a row for each question (.jsonl, .csv).")] = None,
    against: Annotated[Path | None, typer.Option(help="Rows of another run to compare with.")] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Measure how far answers rest on their evidence.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a trained run, or retrieval, with intervals."""
    if retrieval is not None:
        from ragmtl.judge import report

        asked = split and split.value
        with bars() as bar:
            typer.echo(report(run, retrieval, config, at, asked, (out, against), as_json=as_json, watch=bar))
        return
    from ragmtl.run import evaluate_run, trust_run

    refuse({"--config": config, "--out": out, "--against": against}, "--retrieval")
    with bars() as bar:
        rows = (trust_run if trust else evaluate_run)(run, (split or SplitName.test).value, bar)
    lines = (
        f"{f'{row.task} ({row.slice})':32} {row.metric:20} {row.value:.3f}  [{row.low:.3f}, {row.high:.3f}]"
        for row in rows
    )
    print_result(rows, as_json, *lines)


app.command()(compare)
app.command()(tune)
app.command()(adapt)


@app.command()
def predict(run: RunPath, query: QueryText, as_json: AsJson = False) -> None:
    """Answer every task for a text or an entity, and say what the answer rests on."""
    from ragmtl.inspector.terminal import print_prediction
    from ragmtl.predict import Predictor

    predictor = Predictor.load(run)
    print_as(predictor(query_of(predictor.index, query)), as_json, print_prediction)


@app.command()
def recommend(
    run: RunPath,
    items: Annotated[
        list[str],
        typer.Argument(help="IRIs of the items met so far, oldest first; or a user of the log.", show_default=False),
    ] = [],  # noqa: B006
    text: Annotated[str, typer.Option(help="What is wanted, in words.")] = "",
    task: Annotated[str | None, typer.Option(help="Which ranking task, where the run has several.")] = None,
    top: Annotated[int, typer.Option(help="How many items.", min=1)] = 10,
    why: Annotated[bool, typer.Option("--why", help="Say what carried each item.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rank all items for a user of the log, a history of items, a text, or both."""
    from ragmtl.inspector.reasons_text import item_line, reason_lines
    from ragmtl.predict import Predictor
    from ragmtl.trust.recommended import history_of, with_reasons

    predictor = Predictor.load(run)
    met = history_of(predictor, items, task)
    if why:
        reasoned = with_reasons(predictor, met, text=text, task=task, top=top)
        lines = [
            line
            for place, one in enumerate(reasoned, 1)
            for line in (item_line(place, one.item), *reason_lines(one.why))
        ]
        print_result(reasoned, as_json, *lines)
        return
    scores = predictor.recommend(met, text=text, task=task, top=top)
    print_result(scores, as_json, *(item_line(place, score) for place, score in enumerate(scores, 1)))


app.command()(signals)
app.command()(export)


@app.command()
def inspect(
    run: RunPath,
    query: QueryText,
    out: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("inspect.html"),
    turtle: Annotated[Path | None, typer.Option(help="Also write the subgraph, as Turtle.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a page that shows a prediction and the evidence behind it; it works offline."""
    from ragmtl.inspector.page import render_prediction
    from ragmtl.kg.exporting.write import write_turtle
    from ragmtl.predict import Predictor

    predictor = Predictor.load(run)
    prediction = predictor(query_of(predictor.index, query))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render_prediction(prediction), encoding="utf-8")
    if turtle is not None:
        evidence = predictor.retriever(prediction.query)
        write_turtle(predictor.index.graph, evidence.subgraph, turtle)
    written = {"out": out} | ({} if turtle is None else {"turtle": turtle})
    print_result(written, as_json, *(f"wrote {place}" for place in written.values()))


app.command()(serve)
