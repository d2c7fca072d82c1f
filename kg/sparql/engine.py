"""SPARQL over a graph: the library's engine, with its joins done in integers.

The library parses a query and evaluates its algebra part by part; this module takes over the parts that touch
statements, where the graph is in a `GraphStore`: basic graph patterns (`kg.sparql.joins`), joins and OPTIONAL with one
of them on the right (for many rows at once), GRAPH, and plain counts. For the rest, and for other stores, it steps
back.

The hook is the library's own (`CUSTOM_EVALS`); `install` puts it in place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from rdflib.graph import Graph
from rdflib.paths import AlternativePath, InvPath, MulPath, Path, SequencePath
from rdflib.plugins.sparql import CUSTOM_EVALS
from rdflib.plugins.sparql.evaluate import evalAggregateJoin, evalBGP, evalPart
from rdflib.plugins.sparql.evalutils import _ebv
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.plugins.sparql.sparql import Bindings, FrozenBindings, QueryContext
from rdflib.term import BNode, Literal, Variable

from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.sparql.batches import Match, existing, given, joined, optional
from ragmtl.kg.sparql.joins import Pattern, Slot, Table, solve
from ragmtl.kg.sparql.tables import count, distinct

Triples = Sequence[tuple[Any, Any, Any]]
Solutions = Iterator[FrozenBindings]


def install() -> None:
    """Let the library's engine ask this module first."""
    CUSTOM_EVALS.setdefault("ragmtl", evaluate)


def evaluate(ctx: QueryContext, part: CompValue) -> Solutions:
    """The solutions of a part of a query.

    Raises:
        NotImplementedError: The library shall do it itself.
    """
    graph = ctx.graph
    if not isinstance(graph, Graph) or not isinstance(graph.store, GraphStore):
        raise NotImplementedError
    handle = _HANDLERS.get(part.name)
    if handle is None:
        raise NotImplementedError
    return handle(ctx, part, graph.store)


def _evaluate_bgp(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    plain, paths = _split(part.triples)
    if not paths:
        return _decoded(ctx, store, _tables(ctx, store, plain))
    first = [triple for triple in paths if not plain or ctx[triple[0]] is not None or ctx[triple[2]] is not None]
    return _with_paths(ctx, store, first, plain, [triple for triple in paths if triple not in first])


def _with_paths(ctx: QueryContext, store: GraphStore, first: Triples, plain: Triples, last: Triples) -> Solutions:
    """Property paths from a known end, then the joins, then the other paths."""
    for start in _along(ctx, first):
        inner = ctx.thaw(start)
        for found in _decoded(inner, store, _tables(inner, store, plain)):
            yield from _along(ctx.thaw(found), last)


def _along(ctx: QueryContext, paths: Triples) -> Solutions:
    """Property paths one after the other; those of any length lead to each node once, as the standard has it."""
    if not paths:
        yield ctx.solution()
        return
    (head, link, tail), met = paths[0], set()
    ways: Sequence[Any] = link.args if isinstance(link, AlternativePath) else [link]
    for way in ways:
        for found in evalBGP(ctx, [(head, way, tail)]):
            ends = way, found.get(head), found.get(tail)
            if not isinstance(way, MulPath) or ends not in met:
                met.add(ends)
                yield from _along(ctx.thaw(found), paths[1:])


def _tables(
    ctx: QueryContext, store: GraphStore, triples: Triples, compared: Iterable[Variable] = ()
) -> Iterator[Table]:
    patterns = None if store.empty else _patterns(store, triples, ctx.__getitem__)
    if patterns is None:
        return iter(())
    return solve(store.scope(ctx.graph), patterns, compared=compared)


def _patterns(store: GraphStore, triples: Triples, value: Callable[[Any], Any]) -> list[Pattern] | None:
    """Patterns of integers and variables; None where the graph does not know a term."""
    patterns: list[Pattern] = []
    for triple in triples:
        slots: list[Slot] = []
        for place, term in enumerate(triple):
            known = value(term)
            number = store.codes.relation(known) if place == 1 and known is not None else None
            if place != 1 and known is not None:
                number = store.codes.code(known)
            if known is not None and number is None:
                return None
            slots.append(term if known is None else number)
        patterns.append((slots[0], slots[1], slots[2]))
    return patterns


def _decoded(
    ctx: QueryContext, store: GraphStore, tables: Iterable[Table], wanted: Collection[Variable] | None = None
) -> Solutions:
    inner = ctx.push()
    given = {name: term for name, term in ctx.bindings.items() if wanted is None or name in wanted}
    for table in tables:
        names = list(table.columns)
        columns = [store.codes.terms(table.columns[name]) for name in names]
        for values in zip(*columns, strict=True) if columns else ((),) * table.size:
            yield FrozenBindings(inner, given | dict(zip(names, values, strict=True)))


def _evaluate_projection(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    """Some columns; the others of a basic graph pattern are not made into terms."""
    ctx = _apart(ctx, part.PV)
    if part.p.name != "BGP" or _split(part.p.triples)[1]:
        wanted = frozenset(part.PV)
        rows = ((row.ctx, given(row)) for row in evalPart(ctx, part.p))
        return (FrozenBindings(c, {name: row[name] for name in row if name in wanted}) for c, row in rows)
    return _decoded(ctx, store, _projected(ctx, store, part, compared=False), part.PV)


def _apart(ctx: QueryContext, wanted: Collection[Variable]) -> QueryContext:
    """The context of a query within another: what it does not give back are other variables, whatever they are called.

    The library lets them meet the bindings of the outer query.
    """
    inner, kept = ctx.push(), {*wanted, *(ctx.initBindings or ())}
    inner.bindings = Bindings(d={name: term for name, term in ctx.bindings.items() if name in kept})
    return inner


def _evaluate_distinct(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    """Different rows of some columns of a basic graph pattern."""
    if part.p.name != "Project":
        raise NotImplementedError
    ctx = _apart(ctx, part.p.PV)
    tables = _projected(ctx, store, part.p, compared=True)
    return _decoded(ctx, store, distinct(tables), part.p.PV)


def _projected(ctx: QueryContext, store: GraphStore, part: CompValue, *, compared: bool) -> Iterator[Table]:
    tables = _tables(ctx, store, _plain(ctx, part.p), part.PV if compared else ())
    wanted = frozenset(part.PV)
    return (Table(table.size, {n: c for n, c in table.columns.items() if n in wanted}) for table in tables)


def _evaluate_counts(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    """COUNT over a basic graph pattern, by variables or of all; no groups make no rows, whatever is counted."""
    groups = list(part.p.expr or ())
    try:
        return _quick_counts(ctx, part, store, groups)
    except NotImplementedError:
        found = evalAggregateJoin(ctx, part)
        return (row for row in found if given(row) or not groups)


def _quick_counts(ctx: QueryContext, part: CompValue, store: GraphStore, groups: list[Variable]) -> Solutions:
    triples = _plain(ctx, part.p.p)
    found = {term for triple in triples for term in triple if isinstance(term, Variable)}
    if len(ctx.bindings) or not all(a.vars == "*" or isinstance(a.vars, Variable) and a.vars in found for a in part.A):
        raise NotImplementedError
    counted = {a.res: a.vars if a.distinct else None for a in part.A if a.name == "Aggregate_Count"}
    samples = {a.res: a.vars for a in part.A if a.name == "Aggregate_Sample" and a.vars in groups}
    wanted = {*groups, *(name for name in counted.values() if name is not None)}
    if len(counted) + len(samples) < len(part.A) or not wanted <= found:
        raise NotImplementedError
    return _counts(ctx, store, _tables(ctx, store, triples, wanted), groups, (counted, samples))


def _counts(
    ctx: QueryContext,
    store: GraphStore,
    tables: Iterator[Table],
    groups: list[Variable],
    asked: tuple[dict[Variable, Variable | None], dict[Variable, Variable]],
) -> Solutions:
    counted, samples = asked
    keys, counts = count(tables, groups, list(counted.values()))
    terms = {name: store.codes.terms(keys[:, place]) for place, name in enumerate(groups)}
    for row in range(len(keys)):
        numbers = {name: Literal(int(column[row])) for name, column in zip(counted, counts, strict=True)}
        yield FrozenBindings(ctx, numbers | {name: terms[group][row] for name, group in samples.items()})


def _plain(ctx: QueryContext, part: CompValue) -> Triples:
    """The patterns of a part that is nothing but plain patterns."""
    plain, paths = _split(part.triples) if part.name == "BGP" and not ctx.initBindings else ((), [()])
    if paths:
        raise NotImplementedError
    return plain


def _evaluate_graph(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    """GRAPH: one named graph, or each of them; the default graph is none of them."""
    asked: Any = ctx[part.term]
    there = {store.codes.node(name): name for name in store.names() if name} if not store.empty else {}
    for term in there if asked is None else [asked] if asked in there else []:
        inner = ctx.pushGraph(store.graph_of(there[term]))
        bound = {part.term: term} if asked is None else {}
        for found in evalPart(inner, part.p):
            if all(found.get(variable, value) == value for variable, value in bound.items()):  # GRAPH ?g { ?g … }
                yield FrozenBindings(ctx, dict(found.items()) | bound)


def _evaluate_join(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    if part.p1.name == "BGP" and not part.p1.triples:  # as in EXISTS { … }
        found: Solutions = evalPart(ctx, part.p2)
        return found
    triples = _right(ctx, part.p2)
    if not part.lazy:
        raise NotImplementedError
    return (found for _, found in _joined(ctx, store, part.p1, triples) if found is not None)


def _evaluate_optional(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    always = part.expr.name == "TrueFilter"

    def fits(found: FrozenBindings) -> bool:
        return always or _ebv(part.expr, found.forget(ctx))

    if len(ctx.bindings):
        raise NotImplementedError
    try:
        return optional(_joined(ctx, store, part.p1, _right(ctx, part.p2)), fits)
    except NotImplementedError:
        return optional(_one_by_one(ctx, part), fits)


def _one_by_one(ctx: QueryContext, part: CompValue) -> Iterator[Match]:
    """What `joined` gives, where the right side is more than patterns."""
    for solution in evalPart(ctx, part.p1):
        yield from ((solution, match.merge(solution)) for match in evalPart(ctx.thaw(solution), part.p2))
        yield solution, None


def _evaluate_filter(ctx: QueryContext, part: CompValue, store: GraphStore) -> Solutions:
    """FILTER (NOT) EXISTS { … }; other conditions are left to the library."""
    if part.expr.name not in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
        raise NotImplementedError
    inner = part.expr.graph
    if inner.name == "Join" and inner.p1.name == "BGP" and not inner.p1.triples:
        inner = inner.p2
    return existing(_joined(ctx, store, part.p, _right(ctx, inner)), wanted=part.expr.name == "Builtin_EXISTS")


def _right(ctx: QueryContext, part: CompValue) -> Triples:
    """The right side of a join, unless it is more than patterns or an outer part has bound something."""
    if len(ctx.bindings):
        raise NotImplementedError
    return _plain(ctx, part)


def _joined(ctx: QueryContext, store: GraphStore, left: CompValue, triples: Triples) -> Iterator[Match]:
    def known(term: Any) -> Any:  # noqa: ANN401
        return None if isinstance(term, Variable | BNode) else term

    patterns = None if store.empty else _patterns(store, triples, known)
    scope = None if patterns is None else store.scope(ctx.graph)
    return joined(scope, store, evalPart(ctx, left), patterns or ())


def _split(triples: Triples) -> tuple[list[Any], list[Any]]:
    """Plain patterns, and property paths; sequences (a/^b) are patterns with nodes in between that nobody named."""
    left: list[Any] = list(triples)
    plain: list[Any] = []
    paths: list[Any] = []
    while left:
        head, link, tail = left.pop()
        if isinstance(link, SequencePath):
            nodes = [head, *(BNode() for _ in link.args[1:]), tail]
            left += zip(nodes, link.args, nodes[1:], strict=False)
        elif isinstance(link, InvPath):
            left.append((tail, link.arg, head))
        else:
            (paths if isinstance(link, Path) else plain).append((head, link, tail))
    return plain, paths


_HANDLERS: dict[str, Callable[[QueryContext, CompValue, GraphStore], Solutions]] = {
    "AggregateJoin": _evaluate_counts,
    "BGP": _evaluate_bgp,
    "Distinct": _evaluate_distinct,
    "Filter": _evaluate_filter,
    "Graph": _evaluate_graph,
    "Join": _evaluate_join,
    "LeftJoin": _evaluate_optional,
    "Project": _evaluate_projection,
}
