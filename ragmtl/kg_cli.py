"""`ragmtl kg`: look at a graph, ask it, and write it for other programs."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragmtl.commands.hold_out import hold_out
from ragmtl.commands.reading import Bad, BadStatement, Base, tell_left_out, wanted
from ragmtl.commands.speaking import AsJson, print_result

if TYPE_CHECKING:
    from rich.console import Console

    from ragmtl.kg.graph import KnowledgeGraph
    from ragmtl.kg.sparql.query import Answer

kg = typer.Typer(
    name="kg",
    help="Look at a knowledge graph, ask it, and write it for other programs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Format(Enum):
    """What a graph can be written as."""

    ntriples = "ntriples"
    nquads = "nquads"
    turtle = "turtle"
    graphml = "graphml"
    pykeen = "pykeen"
    pyg = "pyg"
    graph = "graph"


SUFFIXES = {
    ".nt": Format.ntriples,
    ".nq": Format.nquads,
    ".ttl": Format.turtle,
    ".graphml": Format.graphml,
    ".tsv": Format.pykeen,
    ".csv": Format.pykeen,
}

Source = Annotated[
    str,
    typer.Argument(
        metavar="GRAPH", help="RDF file, folder or glob; saved graph; index; or configuration.", show_default=False
    ),
]
Entity = Annotated[
    str, typer.Argument(metavar="ENTITY", help="IRI, prefix:name, or name of a node.", show_default=False)
]
Hidden = Annotated[list[str], typer.Option("--hide", help="Relation not to walk, by IRI or name; may be repeated.")]


@kg.command()
def info(  # noqa: PLR0913 -- each is an option
    source: Source,
    top: Annotated[int, typer.Option(help="Most rows of each table.", min=1)] = 15,
    shapes: Annotated[list[str], typer.Option(help="RDF file of SHACL shapes to compare with.")] = [],  # noqa: B006
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a graph, and what in it looks wrong."""
    from ragmtl.graph_facts import graph_facts

    graph = _open(source, base, on_error)
    facts = graph_facts(graph)
    report = None
    if shapes:
        from ragmtl.kg.looking.shacl import validate

        report = validate(graph, shapes)
    if as_json:
        return _print_json(facts if report is None else facts | {"shapes": asdict(report)})
    from ragmtl.inspector.graph_terminal import print_info

    print_info(_console(), facts, top)
    return None if report is None else typer.echo(f"\n{report}")


@kg.command()
def neighbours(  # noqa: PLR0913 -- each is an option
    source: Source,
    entity: Entity,
    hops: Annotated[int, typer.Option(help="How many edges away.", min=1, max=5)] = 1,
    nodes: Annotated[int, typer.Option(help="Most nodes.", min=1)] = 32,
    hide: Hidden = [],  # noqa: B006
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Show a node, its literals, and what is around it."""
    from ragmtl.graph_facts import neighbour_facts, relations_named
    from ragmtl.kg.looking.find import find_entity
    from ragmtl.kg.walks.walk import k_hop

    graph = _open(source, base, on_error)
    found = find_entity(graph, entity)
    near = k_hop(graph, [found.node], hops=hops, budget=nodes, hide=relations_named(graph, hide))
    facts = neighbour_facts(graph, found, near)
    if as_json:
        return _print_json(facts)
    from ragmtl.inspector.graph_terminal import print_neighbours

    return print_neighbours(_console(), facts)


@kg.command()
def path(  # noqa: PLR0913 -- each is an option
    source: Source,
    start: Entity,
    end: Entity,
    count: Annotated[int, typer.Option(help="Most paths.", min=1)] = 5,
    longest: Annotated[int, typer.Option(help="Most steps of a path.", min=1, max=12)] = 6,
    hub: Annotated[int, typer.Option(help="Nodes with more edges are not passed through.", min=0)] = 1000,
    types: Annotated[bool, typer.Option(help="Whether classes, and what else much has in common, connect.")] = False,
    hide: Hidden = [],  # noqa: B006
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Show how two nodes are connected: the shortest paths, one for each sequence of relations."""
    from ragmtl.graph_facts import path_facts, relations_named
    from ragmtl.kg.looking.find import find_entity
    from ragmtl.kg.walks.hubs import quiet_relations
    from ragmtl.kg.walks.paths import relation_paths

    graph = _open(source, base, on_error)
    first, last = find_entity(graph, start), find_entity(graph, end)
    ends = first.node, last.node
    hidden = relations_named(graph, hide)
    if not types:
        hidden |= quiet_relations(graph) | frozenset(graph.labels.view.roles.types)
    found = relation_paths(graph, *ends, count=count, longest=longest, hub=hub, hide=hidden)
    facts = path_facts(graph, (first, last), found)
    if as_json:
        return _print_json(facts)
    from ragmtl.inspector.graph_terminal import print_paths

    return print_paths(_console(), facts, longest)


kg.command("hold-out")(hold_out)


@kg.command()
def query(  # noqa: PLR0913 -- each is an option
    source: Source,
    question: Annotated[
        str, typer.Argument(metavar="SPARQL", help="A query, or a file that holds one.", show_default=False)
    ],
    rows: Annotated[int, typer.Option(help="Most rows or triples of the answer.", min=1)] = 100,
    seconds: Annotated[float, typer.Option(help="When to stop.", min=0.1)] = 60,
    prefix: Annotated[list[str], typer.Option(help="A prefix, as name=IRI; may be repeated.")] = [],  # noqa: B006
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Ask a graph in SPARQL; nothing is fetched, and nothing changed."""
    from ragmtl.kg.looking.find import own_prefixes
    from ragmtl.kg.sparql.query import query as ask

    text, given = _question(question), _prefixes(prefix)
    graph = _open(source, base, on_error)
    answer = ask(graph, text, prefixes=_unusual(own_prefixes(graph)) | given, rows=rows, seconds=seconds)
    if answer.cut:
        typer.echo(f"note: {answer.cut}", err=True)
    if as_json and answer.graph is None:
        return typer.echo(answer.serialize("json"))
    if as_json:
        return _print_json({"triples": sorted([term.n3() for term in triple] for triple in answer.graph or ())})
    return _print_answer(answer)


@kg.command()
def export(  # noqa: PLR0913 -- each is an option
    source: Source,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, or folder.", show_default=False)],
    form: Annotated[
        Format | None, typer.Option("--format", help="What to write. [default: by the ending of OUT]")
    ] = None,
    base: Base = None,
    on_error: BadStatement = None,
    as_json: AsJson = False,
) -> None:
    """Write a graph for other programs."""
    chosen = form or _format_of(out)
    graph = _open(source, base, on_error)
    written, left_out = _write(graph, chosen, out)
    if as_json:
        return _print_json({"out": str(out), "format": chosen.value, "written": written, "left_out": left_out})
    if left_out:
        typer.echo(f"left out: {left_out}", err=True)
    return typer.echo(f"wrote {out}: {written}")


def _open(source: str, base: str | None, on_error: Bad | None) -> KnowledgeGraph:
    from ragmtl.bars import Bars
    from ragmtl.opening import is_saved, open_graph

    with Bars() as bars:

        def tell(file: str, statements: int) -> None:
            bars(f"reading {Path(file).name}")(statements, statements)

        graph = open_graph(source, tell, base=base, on_error=wanted(on_error))
    if not is_saved(source):
        tell_left_out(graph.report)
    return graph


def _console() -> Console:
    from rich.console import Console

    return Console()


def _print_json(facts: dict[str, Any]) -> None:
    print_result(facts, True)


def _question(text: str) -> str:
    """The query itself, or what a file holds."""
    from ragmtl.errors import DataError

    if "{" in text or len(text) > 1000 or not Path(text).is_file():
        return text
    try:
        return Path(text).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise DataError("expected a query in UTF-8, found other bytes; save the file as UTF-8", text) from error


def _prefixes(given: list[str]) -> dict[str, str]:
    from ragmtl.errors import DataError

    pairs = [entry.partition("=") for entry in given]
    wrong = next((entry for entry, (_, equals, iri) in zip(given, pairs, strict=True) if not (equals and iri)), None)
    if wrong is not None:
        raise DataError(f"expected a prefix as name=IRI, found {wrong!r}; write --prefix x=http://example.org/")
    return {name.removesuffix(":"): iri.removeprefix("<").removesuffix(">") for name, _, iri in pairs}


def _unusual(prefixes: dict[str, str]) -> dict[str, str]:
    """Without prefixes and namespaces that everybody knows, as a namespace has one prefix only."""
    from ragmtl.kg.sparql.questions import usual_prefixes

    usual = {name: str(iri) for name, iri in usual_prefixes().items()}
    return {name: iri for name, iri in prefixes.items() if name not in usual and iri not in usual.values()}


def _print_answer(answer: Answer) -> None:
    from ragmtl.inspector.graph_terminal import print_rows
    from ragmtl.inspector.markup import clean

    if answer.kind == "ASK":
        typer.echo("yes" if answer.truth else "no")
    elif answer.graph is not None:
        typer.echo(clean(answer.serialize("turtle")).strip())
    elif not answer.rows:
        typer.echo("no rows")
    else:
        cells = (["" if term is None else _shown(term) for term in row] for row in answer.rows)
        print_rows(_console(), answer.variables, cells)


def _shown(term: Any) -> str:  # noqa: ANN401 -- a term of rdflib, which no module but those of kg names
    return str(term.n3()) if type(term).__name__ != "Literal" else str(term)


def _format_of(out: Path) -> Format:
    from ragmtl.errors import DataError

    plain = out.with_suffix("") if out.suffix == ".gz" else out
    found = SUFFIXES.get(plain.suffix.lower())
    if found is None:
        known = ", ".join(SUFFIXES)
        raise DataError(f"expected a name that ends in {known}, found {out.name!r}; or say --format pyg or graph")
    return found


def _write(graph: KnowledgeGraph, form: Format, out: Path) -> tuple[str, str]:
    """Write a graph; gives what was written, and what the format cannot hold."""
    from ragmtl.kg.exporting import export as files

    literals = f"{len(graph.literals):,} literals" if len(graph.literals) else ""
    named = len({origin.graph for origin in graph.origins} - {""})
    graphs = f"the names of {named:,} graphs" if named else ""
    match form:
        case Format.ntriples:
            return f"{files.write_ntriples(graph, out):,} statements", graphs
        case Format.nquads:
            return f"{files.write_nquads(graph, out):,} statements", ""
        case Format.turtle:
            return f"{files.write_full_turtle(graph, out):,} statements", graphs
        case Format.graphml:
            return (
                f"{len(graph.nodes):,} nodes, {files.write_graphml(graph, out):,} edges",
                literals and f"{literals} (but labels)",
            )
        case Format.pykeen:
            return f"{files.write_triples(graph, out):,} triples", literals
        case Format.pyg:
            from ragmtl.kg.exporting.hetero import save_hetero_data, to_hetero_data

            data = to_hetero_data(graph)
            save_hetero_data(data, out)
            return f"{len(data.node_types):,} types of nodes, {len(data.edge_types):,} of edges", literals
        case Format.graph:
            graph.save(out)
            return f"{len(graph):,} triples, {len(graph.literals):,} literals", ""
