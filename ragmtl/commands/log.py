"""The commands `ragmtl log import` and `ragmtl log export`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.common import ConfigPath, IndexPath, index_of
from ragmtl.commands.speaking import AsJson, print_result

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

    lines = import_log(folder, out)
    print_result(lines, as_json, *lines)


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
    lines = export_log(settings, out, to.value, task=task, graph=graph)
    print_result(lines, as_json, *lines)
