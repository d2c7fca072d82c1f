"""The command `ragmtl kg hold-out`: a graph without some edges, and a table of them, for predicting links."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragmtl.commands.reading import BadStatement, Base, tell_left_out, wanted
from ragmtl.commands.speaking import AsJson, print_result


def hold_out(  # noqa: PLR0913 -- each is an option
    source: Annotated[
        str, typer.Argument(metavar="GRAPH", help="RDF file, folder or glob; or saved graph.", show_default=False)
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.", show_default=False)],
    relation: Annotated[
        list[str], typer.Option(help="Relation to predict, by IRI or name; may be repeated.", show_default=False)
    ],
    share: Annotated[float, typer.Option(help="Share of edges for validation, and again for test.")] = 0.05,
    unseen: Annotated[float, typer.Option(help="Share of heads all of whose edges are for test.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Another seed holds out others.", min=0)] = 0,
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Hold edges out of a graph, to learn to predict links; writes graph.nt and edges.tsv."""
    from ragmtl.graph_facts import relations_named
    from ragmtl.held_out import write_held_out
    from ragmtl.opening import open_graph

    graph = open_graph(source, base=base, on_error=wanted(on_error))
    tell_left_out(graph.report)
    named = [graph.relations[found] for found in sorted(relations_named(graph, relation))]
    counts = write_held_out(graph, named, out, share=share, unseen=unseen, seed=seed)
    parts = ", ".join(f"{counts[part]:,} for {part}" for part in ("train", "valid", "test"))
    print_result(
        counts | {"graph": str(out / "graph.nt"), "edges": str(out / "edges.tsv")},
        as_json,
        f"{parts}; {counts['copies']:,} triples that restate what is held out are gone too\n"
        f"wrote {out / 'graph.nt'} and {out / 'edges.tsv'}",
    )
