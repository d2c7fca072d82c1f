"""Beam search for the routes of a question: the network says which relation is likely, the graph which ones it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import exp, log

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, UInt8

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.routes.network import RouteNetwork, State
from ragmtl.retrieval.routes.routes import Edges, Flow, edges_from, flow_of
from ragmtl.retrieval.routes.targets import Asked

_BEAM = 8
_WORST = log(1e-4)
"""Routes less likely than so are not followed."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A route that was followed.

    Attributes:
        start: Where it begins.
        codes: Its relations.
        share: How likely it is, among all that were found for the query.
        flow: What it carries.
        likelihood: How likely it is among all routes from its start that there might be, in the graph or not.
    """

    start: int
    codes: tuple[int, ...]
    share: float
    flow: Flow
    likelihood: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Partial:
    """A route on its way: its log probability, the edges of its steps, what the writer remembers."""

    codes: tuple[int, ...]
    score: float
    steps: tuple[Edges, ...]
    hidden: torch.Tensor


class RouteSearch:
    """Beam search in a graph, for one network.

    Args:
        network: Scores the next step; its relations are those of the graph.
        longest: The most steps of a route.
    """

    def __init__(self, network: RouteNetwork, longest: int) -> None:
        self._network, self._longest = network.eval(), longest
        with torch.no_grad():
            self._codes = network.codes()

    @torch.no_grad()
    def __call__(self, graph: KnowledgeGraph, asked: Asked, shown: UInt8[np.ndarray, " relations"]) -> list[Found]:
        """The likeliest routes from the entities of a question, the best first.

        Args:
            graph: Where to search.
            asked: The question; its answers and triples are not looked at.
            shown: 1 for relations that may be walked; empty where all may.
        """
        seeds = list(asked.seeds)
        if not seeds:
            return []
        state = self._network.read([asked.words_from(seed) for seed in seeds])
        ended: list[tuple[int, _Partial]] = []
        for place, seed in enumerate(seeds):
            words, alone, mask = (part[place : place + 1] for part in state)
            ended += [(seed, partial) for partial in self._from(graph, seed, (words, alone, mask), shown)]
        best = nlargest(_BEAM, ended, key=lambda one: _goodness(one[1]))
        total = sum(exp(partial.score) for _, partial in best) or 1.0
        return [
            Found(seed, partial.codes, chance / total, flow_of(partial.steps, seed), chance)
            for seed, partial in best
            for chance in [exp(partial.score)]
        ]

    def _from(
        self, graph: KnowledgeGraph, seed: int, state: State, shown: UInt8[np.ndarray, " relations"]
    ) -> list[_Partial]:
        """The likeliest routes from one entity; `state` is the question as seen from it."""
        network = self._network
        beam, ended = [_Partial((), 0.0, (), network.remembered(1)[0])], []
        for length in range(self._longest + 1):
            last = torch.tensor([partial.codes[-1] if partial.codes else network.stop + 1 for partial in beam])
            before = torch.stack([partial.hidden for partial in beam])
            scores, hidden = network.step(state, self._codes, last, before, torch.zeros_like(last))
            onwards: list[_Partial] = []
            for row, partial in enumerate(beam):
                table = scores[row].numpy()
                if partial.codes:
                    ended.append(_Partial(partial.codes, partial.score + float(table[-1]), partial.steps, hidden[row]))
                if length < self._longest:
                    onwards += _further(graph, seed, partial, (table, hidden[row]), shown)
            beam = nlargest(_BEAM, onwards, key=_goodness)
            if not beam:
                break
        return [partial for partial in ended if partial.score > _WORST]


def _further(
    graph: KnowledgeGraph,
    seed: int,
    partial: _Partial,
    said: tuple[Float32[np.ndarray, " step"], torch.Tensor],
    shown: UInt8[np.ndarray, " relations"],
) -> list[_Partial]:
    """A route with each relation that leads on from its ends and is likely enough."""
    frontier = np.unique(partial.steps[-1].ends) if partial.steps else np.array([seed], np.int64)
    edges = edges_from(graph, frontier, shown)
    scores = {code: partial.score + float(said[0][code]) for code in np.unique(edges.codes).tolist()}
    return [
        _Partial((*partial.codes, code), score, (*partial.steps, edges.along(code)), said[1])
        for code, score in scores.items()
        if score > _WORST
    ]


def _goodness(partial: _Partial) -> tuple[float, tuple[int, ...]]:
    return partial.score, tuple(-code for code in partial.codes)


def triple_scores(found: Sequence[Found]) -> tuple[Int64[np.ndarray, " triples"], Float64[np.ndarray, " triples"]]:
    """The triples of routes and their scores, the best first; of triples that score alike, the first step first."""
    if not found:
        return np.zeros(0, np.int64), np.zeros(0)
    every = np.concatenate([route.flow.triples for route in found])
    parts = np.concatenate([route.flow.shares * route.share for route in found])
    steps = np.concatenate([route.flow.steps for route in found])
    triples, owners = np.unique(every, return_inverse=True)
    scores = np.bincount(owners, parts, minlength=len(triples))
    first = np.full(len(triples), steps.max(initial=0))
    np.minimum.at(first, owners, steps)
    order = np.lexsort((triples, first, -np.round(scores, 9)))
    return triples[order], scores[order]
