"""The commands `ragmtl log import` and `ragmtl log export`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.common import AsJson, ConfigPath, IndexPath, index_of

log = typer.Typer(name="log", help="Logs of interactions, in from and out to other programs.", no_args_is_help=True)


class LogForm(Enum):
    """What a log can be written as."""

    recbole = "recbole"
    table = "table"


@log.command("import")
def import_(
    folder: Annotated[
        Path,
        typer.Argument(
            help="MovieLens, MovieTweetings, Last.FM or Book-Crossing as published, or RecBole's atomic files.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for log.tsv, items.tsv and, where there is a graph, kg.nt.")],
    as_json: AsJson = False,
) -> None:
    """Make tables of a published log, or of RecBole's atomic files."""
    from ragmtl.logs import import_log

    _print(import_log(folder, out), as_json)


@log.command()
def export(
    config: ConfigPath,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    to: Annotated[LogForm, typer.Option(help="RecBole's atomic files with the graph, or a table.")] = LogForm.recbole,
    task: Annotated[str | None, typer.Option(help="Which task, where the configuration has several logs.")] = None,
    index: IndexPath = None,
    as_json: AsJson = False,
) -> None:
    """Write the log of a configuration as it is split, so that others can be compared on the same splits."""
    from ragmtl.commands.common import settings_of
    from ragmtl.logs import export_log

    settings = settings_of(config, None, None)
    graph = index_of(settings, index).graph
    _print(export_log(settings, out, to.value, task=task, graph=graph), as_json)


def _print(lines: Sequence[str], as_json: bool) -> None:
    """What was written, for people or as JSON."""
    typer.echo(json.dumps(lines, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))
