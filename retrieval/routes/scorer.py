"""A learned scorer of triples: which relations to follow from a query's entities, and the triples on these routes.

    scorer, report = learn_triples(index.graph, index.linker, read_questions("questions.jsonl"))
    scorer.save(learned_folder(index.directory))
    Retriever(index, RetrievalSettings(walk="learned"))

A triple scores Σ over routes of p(route | question) · share of the route's walks that pass through it, so that what
many branches share comes before a single branch. A scorer is kept beside the index, by the IRIs of relations: it
outlives a new version of the graph, and follows relations that it never saw by their labels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64, Int64, UInt8

from ragmtl.errors import MismatchError
from ragmtl.kg.disk.replace import replacing
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.terrain import shown_relations
from ragmtl.retrieval.files.arrays import load_json, save_json
from ragmtl.retrieval.routes.network import RouteNetwork
from ragmtl.retrieval.routes.search import Found, RouteSearch, triple_scores
from ragmtl.retrieval.routes.targets import Asked
from ragmtl.retrieval.routes.words import BUCKETS, label_words, packed
from ragmtl.retrieval.subgraphs.chosen import Learned, subgraph_of

FORMAT, VERSION = "ragmtl learned triples", 1
AGAIN = "train it again with `ragmtl learn`"
_OWN = "relations.weight"
_STARTS = 0.25
"""How much the start of a route counts as a node, beside its end."""


class TripleScorer:
    """Scores triples around the entities of a question.

    Args:
        network: Says which relations to follow.
        graph: Whose relations the network knows.
        longest: The most steps of a route.
    """

    def __init__(self, network: RouteNetwork, graph: KnowledgeGraph, longest: int) -> None:
        self.network, self.longest = network, longest
        self._graph = graph
        self._search = RouteSearch(network, longest)

    def routes(self, asked: Asked, hide: frozenset[int] = frozenset()) -> list[Found]:
        """The likeliest routes for a question, the best first; relations of `hide` are not walked."""
        shown: UInt8[np.ndarray, " relations"] = shown_relations(self._graph, hide)
        return self._search(self._graph, asked, shown)

    def __call__(self, asked: Asked, hide: frozenset[int], budget: tuple[int, int | None]) -> Learned | None:
        """The best triples for a question; None where no likely route leads anywhere.

        Args:
            asked: The question.
            hide: Ids of relations that must be neither walked nor shown.
            budget: The most nodes, and the most triples (any number where None).
        """
        found = self.routes(asked, hide)
        triples, scores = triple_scores(found)
        if not len(triples):
            return None
        kept = _fitting(self._graph, triples, list(asked.seeds), *budget)
        nodes, worth = _node_scores(self._graph, found)
        subgraph = subgraph_of(self._graph, triples[kept], scores[kept], _seeds(asked, budget[0]))
        certainty = min(1.0, sum(route.likelihood for route in found))
        return Learned(subgraph, _reasons(self._graph, found, triples[kept]), nodes, worth, certainty)

    def save(self, folder: str | Path) -> None:
        """Write into a folder of its own, whole or not at all.

        Raises:
            MismatchError: Something else stands there.
        """
        from safetensors.torch import save_file

        target = Path(folder).expanduser().absolute()
        if target.exists() and not (target / "scorer.json").is_file():
            raise MismatchError(f"expected a learned scorer or nothing in {target}, found something else; move it away")
        state = {k: v.contiguous() for k, v in self.network.state_dict().items() if k not in ("pieces", "indptr")}
        stated = {
            "format": FORMAT,
            "version": VERSION,
            "longest": self.longest,
            "dim": self.network.dim,
            "buckets": BUCKETS,
            "relations": list(self._graph.relations),
        }
        with replacing(target) as building:
            save_file(state, building / "model.safetensors")
            save_json(building / "scorer.json", stated)

    @classmethod
    def load(cls, folder: str | Path, graph: KnowledgeGraph) -> TripleScorer:
        """Open what `save` wrote, for a graph; relations that training did not know are followed by their labels.

        Raises:
            MismatchError: There is none, or it is damaged or of another version.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        place = Path(folder).expanduser().absolute()
        if not (place / "scorer.json").is_file():
            raise MismatchError(f"expected a learned scorer of triples in {place}, found none; {AGAIN}")
        stated = load_json(place / "scorer.json")
        if (stated.get("format"), stated.get("version"), stated.get("buckets")) != (FORMAT, VERSION, BUCKETS):
            raise MismatchError(f"expected a scorer of version {VERSION} in {place}, found another; {AGAIN}")
        try:
            state = load_file(place / "model.safetensors")
            network = network_for(graph, stated["dim"])
            state[_OWN] = _by_iri(state[_OWN], stated["relations"], graph)
            network.load_state_dict(state | {name: getattr(network, name) for name in ("pieces", "indptr")})
        except (SafetensorError, OSError, KeyError, RuntimeError, TypeError) as error:
            raise MismatchError(f"expected a whole scorer in {place}, found {error}; {AGAIN}") from error
        return cls(network, graph, int(stated["longest"]))


def learned_folder(index: Path) -> Path:
    """Where the scorer of an index is kept: beside it."""
    return index.with_name(index.name + ".learned")


def network_for(graph: KnowledgeGraph, dim: int = 64) -> RouteNetwork:
    """A network for the relations of a graph."""
    return RouteNetwork(packed([label_words(name).pieces.tolist() for name in graph.relation_names]), dim)


def _by_iri(vectors: torch.Tensor, relations: list[str], graph: KnowledgeGraph) -> torch.Tensor:
    """The learned vector of each relation of a graph; zeros for those that were not there."""
    found = torch.zeros(len(graph.relations), vectors.shape[1])
    for row, iri in enumerate(relations):
        if (place := graph.relations.find(iri)) is not None:
            found[place] = vectors[row]
    return found


def _seeds(asked: Asked, nodes: int) -> Int64[np.ndarray, " seeds"]:
    return np.array(list(asked.seeds)[: max(nodes, 0)], np.int64)


def _fitting(
    graph: KnowledgeGraph, triples: Int64[np.ndarray, " triples"], seeds: list[int], nodes: int, most: int | None
) -> Int64[np.ndarray, " kept"]:
    """Places of the triples to keep: the best first, each connected with a seed by those before it."""
    used = set(seeds[: max(nodes, 0)])
    kept: list[int] = []
    limit = len(triples) if most is None else most
    for place, triple in enumerate(triples.tolist()):
        ends = {int(graph.heads[triple]), int(graph.tails[triple])}
        if len(kept) < limit and len(used | ends) <= nodes and used & ends:
            used |= ends
            kept.append(place)
    return np.array(kept, np.int64)


def _node_scores(
    graph: KnowledgeGraph, found: list[Found]
) -> tuple[Int64[np.ndarray, " nodes"], Float64[np.ndarray, " nodes"]]:
    """Nodes of routes: those where they end first, each with the share of walks that end there."""
    worth: dict[int, float] = {}
    for route in found:
        for node, share in zip(route.flow.ends.tolist(), route.flow.end_shares.tolist(), strict=True):
            worth[node] = worth.get(node, 0.0) + route.share * share
    best = max(worth.values(), default=1.0)
    triples, scores = triple_scores(found)
    for ends in (graph.heads[triples], graph.tails[triples]):
        for node, score in zip(ends.tolist(), scores.tolist(), strict=True):
            worth[node] = max(worth.get(node, 0.0), _STARTS * score * best)
    order = sorted(worth, key=lambda node: (-worth[node], node))
    return np.array(order, np.int64), np.array([worth[node] for node in order])


def _reasons(graph: KnowledgeGraph, found: list[Found], triples: Int64[np.ndarray, " triples"]) -> dict[int, str]:
    """For each triple the likeliest route that it is on."""
    wanted, why = set(triples.tolist()), dict[int, str]()
    for route in found:
        names = [f"{'←' if code & 1 else ''}{graph.relation_label(code >> 1)}" for code in route.codes]
        line = f"{graph.label(route.start)} → {' → '.join(names)}"
        for triple, step in zip(route.flow.triples.tolist(), route.flow.steps.tolist(), strict=True):
            if triple in wanted:
                why.setdefault(triple, f"step {step + 1} of the learned route {line} ({route.share:.0%} likely)")
    return why
