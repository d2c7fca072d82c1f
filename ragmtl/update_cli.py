"""The command `ragmtl update`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.reading import BadStatement, Base, tell_left_out, wanted
from ragmtl.commands.speaking import AsJson, print_result


def update(  # noqa: PLR0913 -- each is an option
    folder: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of an index.", show_default=False)],
    add: Annotated[list[Path], typer.Option(help="Passages to add, or to change where the id is there.")] = [],  # noqa: B006
    delete: Annotated[list[str], typer.Option(help="Id of a passage to delete.")] = [],  # noqa: B006
    graph_add: Annotated[list[Path], typer.Option(help="RDF file with statements to add.")] = [],  # noqa: B006
    graph_remove: Annotated[list[Path], typer.Option(help="RDF file with statements to take away.")] = [],  # noqa: B006
    delete_entity: Annotated[list[str], typer.Option(help="IRI of an entity to delete, with all its statements.")] = [],  # noqa: B006
    names: Annotated[bool, typer.Option("--names", help='Also encode names, for linking = "full".')] = False,
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Add, change and delete passages, entities and statements of an index, which can be queried meanwhile."""
    from ragmtl.bars import Bars
    from ragmtl.update import encode_names, update_from_files

    with Bars() as bar:
        done, read = update_from_files(
            folder,
            add=add,
            delete=delete,
            graph_add=graph_add,
            graph_remove=graph_remove,
            delete_entities=delete_entity,
            base=base,
            on_error=wanted(on_error),
            watch=bar,
        )
        if names:
            encode_names(folder, bar)
    for report in read:
        tell_left_out(report)
    print_result(done, as_json, str(done))
