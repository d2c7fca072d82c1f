"""SPARQL questions to a graph, with nothing hostile let through.

    answer = query(graph, "SELECT ?film WHERE { ?film a :Film } LIMIT 10", prefixes={"": "http://x/"}, seconds=5)
    answer.variables, answer.rows, answer.cut

Nothing is fetched and nothing changed: SERVICE, FROM with a graph that is not there, LOAD and every other update are
refused before anything runs. `allow=("service",)` lets SERVICE call out. A question may be given a time and a number of
rows; an answer that is not whole says so.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rdflib import Graph, Variable
from rdflib.plugins.sparql.evaluate import evalPart
from rdflib.plugins.sparql.evalutils import _fillTemplate
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.plugins.sparql.sparql import Query, QueryContext
from rdflib.query import Result
from rdflib.term import Identifier

from ragmtl.errors import DataError
from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.bridge.terms import quiet
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.sparql.batches import given
from ragmtl.kg.sparql.engine import install
from ragmtl.kg.sparql.questions import graphs, refuse, translated, usual_prefixes

Kind = Literal["SELECT", "ASK", "CONSTRUCT", "DESCRIBE"]
Row = tuple[Identifier | None, ...]

_KINDS: dict[str, Kind] = {
    "SelectQuery": "SELECT",
    "AskQuery": "ASK",
    "ConstructQuery": "CONSTRUCT",
    "DescribeQuery": "DESCRIBE",
}


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a question gave.

    Attributes:
        kind: The kind of question.
        variables: Names of the columns of a SELECT.
        rows: The solutions of a SELECT: a term of rdflib for each variable, None where it is not bound.
        truth: What ASK found.
        graph: The triples of CONSTRUCT and DESCRIBE.
        cut: Why the answer is not whole; empty where it is.
    """

    kind: Kind
    variables: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    truth: bool | None = None
    graph: Graph | None = None
    cut: str = ""

    def serialize(self, form: str) -> str:
        """The answer as text: `csv`, `json`, `xml` or `txt` for SELECT and ASK, else a format of rdflib (`turtle`)."""
        result = Result(self.kind)
        result.vars = [Variable(name) for name in self.variables]
        result.askAnswer, result.graph = self.truth, self.graph
        named = (
            {Variable(n): t for n, t in zip(self.variables, row, strict=True) if t is not None} for row in self.rows
        )
        result.bindings = list(named) if self.kind == "SELECT" else []
        text = result.serialize(format=form)
        return "" if text is None else text.decode()


class _CutError(Exception):
    """The time is up."""


def query(
    graph: KnowledgeGraph | GraphStore,
    question: str,
    *,
    prefixes: Mapping[str, str] | None = None,
    rows: int | None = None,
    seconds: float | None = None,
    allow: Collection[str] = (),
) -> Answer:
    """Ask a graph; all its named graphs together are the default graph.

    Args:
        graph: The graph; a store over it saves some work where many questions are asked.
        question: SELECT, ASK, CONSTRUCT or DESCRIBE.
        prefixes: Prefixes beside those that everybody uses (rdf, rdfs, owl, skos, foaf …).
        rows: Most rows (or triples) of the answer.
        seconds: When to stop; what was found until then is the answer. It cannot stop within one regular expression.
        allow: What a query may do beside reading the graph: "service".

    Raises:
        DataError: The question is none (with line and column), is refused, or is not answered in time: an ASK, a
            count or an ordered list cannot be half true.
    """
    store = graph if isinstance(graph, GraphStore) else GraphStore(graph=graph)
    clock = _Clock(seconds)
    parsed = translated(question, usual_prefixes() | dict(prefixes or {}))
    refuse(parsed, allow)
    context = _context(store.restricted(*graphs(parsed, store.names()), clock.check), parsed, {})
    with quiet():
        return _answered(context, parsed, rows, clock)


def result_of(
    store: GraphStore, question: Query | str, prefixes: Mapping[str, Any], bindings: Mapping[str, Identifier]
) -> Result:
    """The same as a result of rdflib, without limits: what `rdflib.Graph.query` gives over a `GraphStore`."""
    parsed = question if isinstance(question, Query) else translated(question, prefixes)
    refuse(parsed, ())
    if parsed.algebra.datasetClause:
        store = store.restricted(*graphs(parsed, store.names()), store.check)
    context = _context(store, parsed, bindings)
    result = Result(_KINDS[parsed.algebra.name])
    with quiet():
        found = evalPart(context, parsed.algebra)
    result.vars, result.bindings = found.get("vars_"), found.get("bindings")
    result.askAnswer, result.graph = found.get("askAnswer"), found.get("graph")
    return result


def _context(store: GraphStore, parsed: Query, bindings: Mapping[str, Identifier]) -> QueryContext:
    install()
    start: dict[str, Identifier] = {Variable(name): term for name, term in bindings.items()}
    context = QueryContext(Graph(store, bind_namespaces="none"), initBindings=start)
    context.prologue = parsed.prologue
    return context


class _Clock:
    """Stops a search when its time is up."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Called now and then.

        Raises:
            _CutError: The time is up.
        """
        if self._end is not None and time.monotonic() > self._end:
            raise _CutError


def _answered(context: QueryContext, parsed: Query, rows: int | None, clock: _Clock) -> Answer:
    algebra, kind = parsed.algebra, _KINDS[parsed.algebra.name]
    try:
        match kind:
            case "SELECT":
                return _select(context, algebra, rows, clock)
            case "CONSTRUCT":
                return _construct(context, algebra, rows, clock)
        found = evalPart(context, algebra)
        if kind == "ASK":
            return Answer(kind, truth=bool(found["askAnswer"]))
        return _limited(kind, found["graph"], rows)
    except _CutError:
        raise _too_slow(clock) from None
    except RecursionError as error:
        raise DataError(
            "expected a query that can be answered, found one nested too deeply; make it flatter"
        ) from error
    except (DataError, MemoryError, NotImplementedError):
        raise
    except Exception as error:  # the library raises all kinds of errors while it evaluates
        raise DataError(f"expected a query that can be answered, found: {error or type(error).__name__}") from error


def _select(context: QueryContext, algebra: CompValue, most: int | None, clock: _Clock) -> Answer:
    variables = [Variable(name) for name in algebra.PV]
    names, cut = tuple(str(name) for name in variables), ""
    rows: list[Row] = []
    solutions = _until_cut(evalPart(context, algebra.p), clock)
    for solution in solutions:
        if solution is None:
            cut = f"stopped after {clock.seconds:g} seconds with {len(rows):,} rows; there may be more"
        elif most is not None and len(rows) == most:
            cut = f"stopped after {most:,} rows; there are more"
            break
        else:
            rows.append(tuple(map(given(solution).get, variables)))
    if cut and not rows and most != 0:
        raise _too_slow(clock)
    return Answer("SELECT", names, tuple(rows), cut=cut)


def _construct(context: QueryContext, algebra: CompValue, most: int | None, clock: _Clock) -> Answer:
    template, made, cut = algebra.template or algebra.p.p.triples, Graph(), ""
    for solution in _until_cut(evalPart(context, algebra.p), clock):
        if solution is None:
            cut = f"stopped after {clock.seconds:g} seconds with {len(made):,} triples; there may be more"
            break
        made += _fillTemplate(template, solution)
        if most is not None and len(made) > most:
            return _limited("CONSTRUCT", made, most)
    if cut and not len(made):
        raise _too_slow(clock)
    return Answer("CONSTRUCT", graph=made, cut=cut)


def _limited(kind: Kind, graph: Graph, most: int | None) -> Answer:
    if most is None or len(graph) <= most:
        return Answer(kind, graph=graph)
    kept = Graph()
    for place, triple in enumerate(graph):
        if place == most:
            break
        kept.add(triple)
    return Answer(kind, graph=kept, cut=f"stopped after {most:,} triples; there are more")


def _until_cut(solutions: Iterable[Any], clock: _Clock) -> Iterator[Any]:
    """The solutions; None at the end where the time was up before it."""
    try:
        for solution in solutions:
            yield solution
            clock.check()
    except _CutError:
        yield None


def _too_slow(clock: _Clock) -> DataError:
    return DataError(
        f"expected an answer within {clock.seconds:g} seconds, found none; ask for less, or give more time"
    )
