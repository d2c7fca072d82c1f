"""The command `ragmtl index`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.common import place_of
from ragmtl.commands.reading import BadStatement, Base, tell_left_out, wanted
from ragmtl.commands.speaking import AsJson, given, next_step, print_result


def index(  # noqa: PLR0913 -- each is an option
    config: Annotated[Path, typer.Argument(help="Configuration file (TOML).", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Folder of the index. [default: runs/NAME/index]")] = None,
    names: Annotated[bool, typer.Option("--names", help='Also encode names, for linking = "full".')] = False,
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Read graph and corpus, and build the index that everything else uses."""
    from ragmtl.bars import Bars
    from ragmtl.build import build_index
    from ragmtl.config import read_config
    from ragmtl.graphs import read_otherwise

    settings = read_otherwise(read_config(config), base, wanted(on_error))
    folder = out or place_of(settings, "index")
    with Bars() as bar:
        built = build_index(settings, folder, bar)
        if names:
            from ragmtl.update import encode_names

            encode_names(folder, bar)
    tell_left_out(built.graph.report)
    choice = built.dense.choice
    print_result(
        {"out": folder, "graph": built.graph.report, "corpus": built.corpus.report, "vectors": choice.stated()},
        as_json,
        f"graph: {built.graph.report}",
        f"corpus: {built.corpus.report}",
        f"vectors: {choice.kind} ({choice.reason})",
        f"wrote {folder}",
    )
    next_step("ragmtl", "train", config, *given("--index", out), as_json=as_json)
