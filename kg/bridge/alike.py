"""Whether two graphs state the same, up to names of blank nodes; and if not, where they differ.

Statements without blank nodes are compared as they are. Blank nodes are told apart by what is said of them, then by
what is said of their neighbours, and so on for some rounds (colour refinement), so that hostile graphs cost no more
than others. Two graphs that differ only further away than that, or in a way that only a search could find (regular
structures), pass for the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal
from ragmtl.kg.terms import BLANK

_ROUNDS = 16

Statement = tuple[str, str, str | Literal, str]
"""Head, relation, tail, named graph."""


def difference(found: KnowledgeGraph | None, wanted: KnowledgeGraph | None) -> str | None:
    """What one graph states and another does not, in words; None where they state the same (None states nothing)."""
    plain, blank = _parted(found)
    expected, named = _parted(wanted)
    if more := plain - expected:
        return f"it states {_shown(min(more, key=str))}, which the file does not"
    if less := expected - plain:
        return f"it does not state {_shown(min(less, key=str))}"
    return None if _coloured(blank) == _coloured(named) else "it states something else about blank nodes"


def _parted(graph: KnowledgeGraph | None) -> tuple[set[Statement], set[Statement]]:
    """The statements of a graph without and with blank nodes."""
    plain, blank = set[Statement](), set[Statement]()
    for statement in () if graph is None else _statements(graph):
        (blank if _blanks(statement) else plain).add(statement)
    return plain, blank


def _statements(graph: KnowledgeGraph) -> Iterator[Statement]:
    nodes, relations, literals = list(graph.nodes), list(graph.relations), graph.literals
    for row in range(len(graph)):
        head, relation, tail = graph.triple(row)
        for origin in graph.origins_of(row):
            yield nodes[head], relations[relation], nodes[tail], origin.graph
    for row, node in enumerate(literals.nodes.tolist()):
        for origin in graph.literal_origins_of(row):
            yield nodes[node], relations[int(literals.relation_ids[row])], literals[row], origin.graph


def _blanks(statement: Statement) -> list[tuple[int, str]]:
    """Blank nodes of a statement, and where in it they stand."""
    return [(at, term) for at, term in enumerate(statement) if isinstance(term, str) and term.startswith(BLANK)]


def _coloured(statements: set[Statement]) -> Counter[int]:
    """How often each statement comes, with colours in the place of blank nodes."""
    places = [(statement, _blanks(statement)) for statement in statements]
    colours = dict.fromkeys((name for _, names in places for _, name in names), 0)
    kinds = 0
    for _ in range(_ROUNDS):
        sums = dict.fromkeys(colours, 0)
        for statement, names in places:
            value = _hashed(statement, colours)
            for at, name in names:
                sums[name] += hash((at, value))
        colours = {name: hash((colours[name], total)) for name, total in sums.items()}
        before, kinds = kinds, len(set(colours.values()))
        if kinds == before:
            break
    return Counter(_hashed(statement, colours) for statement, _ in places)


def _hashed(statement: Statement, colours: dict[str, int]) -> int:
    return hash(tuple(colours.get(term, term) if isinstance(term, str) else term for term in statement))


def _shown(statement: Statement) -> str:
    head, relation, tail, graph = statement
    end = repr(tail.text[:60]) if isinstance(tail, Literal) else tail
    kind = f" ({tail.datatype or tail.language})" if isinstance(tail, Literal) and tail.datatype + tail.language else ""
    return f"{head} {relation} {end}{kind}" + (f" in the graph {graph}" if graph else "")
