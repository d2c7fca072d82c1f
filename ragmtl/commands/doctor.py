"""The command `ragmtl doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.common import IndexPath
from ragmtl.commands.speaking import AsJson, print_result

MARKS = {"good": "ok", "note": "note", "bad": "BAD"}


def doctor(
    place: Annotated[
        Path | None, typer.Argument(metavar="[PLACE]", help="Configuration, index or run.", show_default=False)
    ] = None,
    index: IndexPath = None,
    run: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    as_json: AsJson = False,
) -> None:
    """See whether everything is there that commands need: packages, device, encoder, index, run, disk."""
    from ragmtl.doctor import examine

    found = []
    for check in examine(place, index, run):
        found.append(check)
        if not as_json:
            typer.echo(f"{MARKS[check.state]:5} {check.what:18} {check.found}")
    bad = sum(check.state == "bad" for check in found)
    print_result({"good": not bad, "checks": found}, as_json, f"{bad} bad" if bad else "nothing is bad")
    raise typer.Exit(1 if bad else 0)
