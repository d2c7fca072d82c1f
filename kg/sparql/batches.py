"""Solutions of SPARQL joined with triple patterns, many at once: OPTIONAL, EXISTS, and joins of their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from jaxtyping import Int64
from rdflib.plugins.sparql.sparql import FrozenBindings
from rdflib.term import BNode, Identifier, Variable

from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.sparql.joins import Pattern, Scope, Slot, Table, solve

Match = tuple[FrozenBindings, FrozenBindings | None]
"""A solution and one that it became; None after the last one."""

_OWNER = ("owner",)  # the column that says which solution a row belongs to
_FIRST, _MOST = 64, 4096  # solutions that are joined at once
_UNKNOWN = -2  # the code of a term that the graph does not know


def given(solution: FrozenBindings) -> dict[Any, Identifier]:
    """What a solution binds; its own look-up takes ten times as long."""
    bound: dict[Any, Identifier] = solution._d
    return bound


def joined(
    scope: Scope | None, store: GraphStore, solutions: Iterable[FrozenBindings], patterns: Sequence[Pattern]
) -> Iterator[Match]:
    """Solutions with each of their matches, and after each batch all of it once more, with None.

    Args:
        scope: Where to search; None where nothing can match.
        store: Whose terms these are.
        solutions: What the patterns are joined to.
        patterns: What must hold.
    """
    left, size = iter(solutions), _FIRST
    names = {slot for pattern in patterns for slot in pattern if isinstance(slot, Variable | BNode)}
    while batch := list(islice(left, size)):
        size = min(size * 4, _MOST)
        groups: dict[frozenset[Any], list[FrozenBindings]] = {}
        for solution in batch if scope is not None else ():
            groups.setdefault(frozenset(names & given(solution).keys()), []).append(solution)
        for bound, group in groups.items():
            if scope is not None:
                yield from _matches(scope, store, group, bound, patterns)
        yield from ((solution, None) for solution in batch)


def optional(found: Iterable[Match], fits: Callable[[FrozenBindings], bool]) -> Iterator[FrozenBindings]:
    """Each match that fits, and the solutions that have none."""
    met: set[int] = set()
    for solution, match in found:
        if match is None:
            if id(solution) not in met:
                yield solution
            met.discard(id(solution))
        elif fits(match):
            met.add(id(solution))
            yield match


def existing(found: Iterable[Match], *, wanted: bool) -> Iterator[FrozenBindings]:
    """The solutions that have a match, or those that have none."""
    met: set[int] = set()
    for solution, match in found:
        if match is not None:
            met.add(id(solution))
            continue
        if (id(solution) in met) == wanted:
            yield solution
        met.discard(id(solution))


def _matches(
    scope: Scope,
    store: GraphStore,
    group: list[FrozenBindings],
    bound: frozenset[Any],
    patterns: Sequence[Pattern],
) -> Iterator[Match]:
    columns: dict[Slot, np.ndarray] = {name: _codes(store, [given(row)[name] for row in group]) for name in bound}
    start = Table(len(group), columns | {_OWNER: np.arange(len(group))})
    for table in solve(scope, patterns, start):
        names: list[Any] = [name for name in table.columns if name is not _OWNER and name not in bound]
        values = [store.codes.terms(table.columns[name]) for name in names]
        owners = [group[owner] for owner in table.columns[_OWNER].tolist()]
        for owner, *terms in zip(owners, *values, strict=True):
            yield owner, FrozenBindings(owner.ctx, given(owner) | dict(zip(names, terms, strict=True)))


def _codes(store: GraphStore, terms: Iterable[Identifier]) -> Int64[np.ndarray, " terms"]:
    found = (store.codes.code(term) for term in terms)
    return np.array([_UNKNOWN if code is None else code for code in found], np.int64)
